variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "cidr" {
  description = "IPv4 range of the network, a /16: /24 subnets are cut out of it at fixed places (1.. public, 11.. private, 21.. database)."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "cidr has to be an IPv4 range with a /16 mask, for example 10.0.0.0/16."
  }
}

variable "zone_count" {
  description = "Over how many availability zones the subnets are spread."
  type        = number
  default     = 3

  validation {
    condition     = var.zone_count >= 2 && var.zone_count <= 6
    error_message = "zone_count has to be 2 to 6: the load balancer and the Multi-AZ database need two."
  }
}

variable "azs" {
  description = "Names of the availability zones, in the order of the subnets. Pin them once the network exists: a zone that AWS adds would move every subnet. Empty: the first of the region by name."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.azs) == 0 || length(distinct(var.azs)) >= var.zone_count
    error_message = "azs has to name at least zone_count different zones, or none."
  }
}

variable "nat_gateway_count" {
  description = "NAT gateways, 0 to zone_count. 1 is cheapest and a zone that fails takes the way out with it; one a zone survives that. 0: no way to anything but the interface endpoints, so no hosted speech or language provider."
  type        = number
  default     = 1

  validation {
    condition     = var.nat_gateway_count >= 0 && var.nat_gateway_count <= min(3, var.zone_count)
    error_message = "nat_gateway_count has to be 0 to 3 and at most zone_count."
  }
}

variable "interface_endpoints" {
  description = "AWS services that get an interface endpoint, by the end of their service name: \"ecr.api\", \"ecr.dkr\", \"logs\", \"secretsmanager\", … Each costs money in each zone; with a NAT none is needed."
  type        = set(string)
  default     = []

  validation {
    condition = var.nat_gateway_count > 0 || length(setsubtract(
      ["ecr.api", "ecr.dkr", "logs", "secretsmanager"], var.interface_endpoints
    )) == 0
    error_message = "Without a NAT gateway a task can only start with the interface endpoints ecr.api, ecr.dkr, logs and secretsmanager."
  }
}

variable "endpoint_security_group_id" {
  description = "Security group of the interface endpoints (module security makes it). Needed as soon as interface_endpoints is not empty."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
}

variable "flow_log_retention_days" {
  description = "How long flow logs are kept, days."
  type        = number
  default     = 30
}
