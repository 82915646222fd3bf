variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the topic; CloudWatch, EventBridge and Budgets have to be allowed to use it."
  type        = string
}

variable "alert_emails" {
  description = "Addresses that alarms are mailed to. Each has to be confirmed once by the link that AWS sends to it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alert_emails: addresses such as oncall@example.com."
  }
}

variable "monthly_budget_usd" {
  description = "Costs of the whole account in a month that mails are sent at 80 %, at 100 % and at a forecast of 100 %; 0: no budget."
  type        = number
  default     = 250
}

variable "metrics_namespace" {
  description = "Where the application puts its metrics."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "alb_arn_suffix" {
  description = "Dimension `LoadBalancer` of its metrics."
  type        = string
}

variable "services" {
  description = "Services that run, by name; has_voice: whether it holds conversations."
  type = map(object({
    has_voice               = bool
    target_group_arn_suffix = string
    log_group_name          = string
  }))
}

variable "database_identifier" {
  description = "Name of the database instance."
  type        = string
}

variable "database_storage_gb" {
  description = "Storage of the database at the start, GB."
  type        = number
  default     = 20
}

variable "database_max_connections" {
  description = "What the instance takes; about 80 on a db.t4g.micro."
  type        = number
  default     = 80
}

variable "cache_node_ids" {
  description = "Dimension CacheClusterId of each node."
  type        = list(string)
}

variable "nat_gateway_ids" {
  description = "Ids of the NAT gateways; empty: none."
  type        = list(string)
  default     = []
}

variable "turn_seconds_p95" {
  description = "Seconds from the last word to the answer's first sound that 95 % of turns have to stay under."
  type        = number
  default     = 2
}

variable "tracebacks_in_five_minutes" {
  description = "How many the logs may have before somebody is told."
  type        = number
  default     = 5
}
