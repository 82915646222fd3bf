variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "domain" {
  description = "Domain whose api., webhook. and dashboard. addresses are made, such as example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain: a domain name such as example.com, in lower case, without a dot at its end."
  }
}

variable "create_zone" {
  description = "Whether the zone is made here. Then its name servers have to be entered at the registrar. false: it exists."
  type        = bool
  default     = false
}

variable "zone_name" {
  description = "Name of the zone that is looked up; empty: domain. example.com for a domain such as staging.example.com."
  type        = string
  default     = ""
}

variable "alb_dns_name" {
  description = "Host name of the load balancer."
  type        = string
}

variable "alb_zone_id" {
  description = "Zone of that host name."
  type        = string
}

variable "dashboard_distribution" {
  description = "CloudFront's address for dashboard.; its zone is the same for every distribution."
  type        = object({ domain_name = string, zone_id = string })
}

variable "api_distribution" {
  description = "CloudFront's address for api. and webhook., where they are reached through it."
  type        = object({ domain_name = string, zone_id = string })
  default     = null
}

variable "api_through_cdn" {
  description = "Whether api. and webhook. lead to api_distribution instead of the load balancer."
  type        = bool
  default     = false
}

variable "create_health_check" {
  description = "Whether Route 53 asks api./health from around the world; paid for by the check."
  type        = bool
  default     = true
}

variable "alarm_topic_arns" {
  description = "Topics in us-east-1 that the health alarm tells."
  type        = list(string)
  default     = []
}

variable "enable_dnssec" {
  description = "Whether the zone is signed; its DS record has to be entered at the registrar after."
  type        = bool
  default     = false
}

variable "enable_query_logging" {
  description = "Whether queries of the zone are logged."
  type        = bool
  default     = false
}

variable "query_log_kms_key_arn" {
  description = "Key in us-east-1 for the query log; null: CloudWatch's own."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long the log of queries is kept, days."
  type        = number
  default     = 30
}
