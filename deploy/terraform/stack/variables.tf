variable "project" {
  type    = string
  default = "voice-server"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "project: 2 to 16 lower-case letters, digits and hyphens."
  }
}

variable "environment" {
  description = "production or staging; with project it is the prefix of every name."
  type        = string
}

# Addresses

variable "domain" {
  description = "api., webhook. and dashboard. of it are where the system is reached."
  type        = string
}

variable "create_zone" {
  type    = bool
  default = false
}

variable "zone_name" {
  type    = string
  default = ""
}

variable "enable_dnssec" {
  type    = bool
  default = false
}

variable "enable_query_logging" {
  type    = bool
  default = false
}

variable "enable_health_check" {
  type    = bool
  default = true
}

variable "api_through_cdn" {
  description = "Whether api. and webhook. are reached through CloudFront too."
  type        = bool
  default     = false
}

variable "mail_from" {
  type    = string
  default = ""
}

# What runs

variable "services" {
  description = "See modules/application."
  type = map(object({
    roles        = set(string)
    cpu          = number
    memory       = number
    min          = number
    max          = number
    spot         = optional(bool, false)
    max_sessions = optional(number, 50)
  }))

  validation {
    condition     = length([for service in var.services : true if contains(service.roles, "api")]) == 1
    error_message = "services: the role api has to be in exactly one service."
  }
}

variable "image_digest" {
  type    = string
  default = ""
}

variable "image_tag" {
  type    = string
  default = ""
}

variable "deploy_services" {
  type    = bool
  default = false
}

variable "cpu_architecture" {
  type    = string
  default = "ARM64"
}

variable "container_insights" {
  type    = string
  default = "enabled"
}

# Network

variable "cidr" {
  type    = string
  default = "10.0.0.0/16"
}

variable "zone_count" {
  type    = number
  default = 3
}

variable "availability_zones" {
  type    = list(string)
  default = []
}

variable "nat_gateway_count" {
  type    = number
  default = 1
}

variable "interface_endpoints" {
  type    = set(string)
  default = []
}

variable "enable_waf" {
  type    = bool
  default = true
}

variable "waf_counts_only" {
  type    = bool
  default = false
}

# Data

variable "deletion_protection" {
  description = "Of load balancer, database, buckets and image repository."
  type        = bool
  default     = true
}

variable "database_instance_class" {
  type    = string
  default = "db.t4g.micro"
}

variable "database_storage_gb" {
  type    = number
  default = 20
}

variable "database_max_connections" {
  description = "What the instance class takes, for the alarm."
  type        = number
  default     = 80
}

variable "database_multi_az" {
  type    = bool
  default = true
}

variable "backup_retention_days" {
  type    = number
  default = 7
}

variable "cache_node_type" {
  type    = string
  default = "cache.t4g.micro"
}

variable "cache_replica_count" {
  type    = number
  default = 1
}

variable "secret_recovery_window_days" {
  type    = number
  default = 30
}

variable "log_retention_days" {
  type    = number
  default = 30
}

# Secrets that the caller makes up. Ephemeral: what is made up anew each time is written only when a version grows.

variable "secret_key" {
  type      = string
  ephemeral = true
}

variable "api_key" {
  type      = string
  ephemeral = true
}

variable "metrics_token" {
  type      = string
  ephemeral = true
}

variable "cache_auth_token" {
  type      = string
  ephemeral = true
}

variable "app_secret_version" {
  type    = number
  default = 1
}

variable "cache_auth_token_version" {
  type    = number
  default = 1
}

# Watching

variable "alert_emails" {
  type    = set(string)
  default = []
}

variable "monthly_budget_usd" {
  type    = number
  default = 250
}

variable "enable_cloudtrail" {
  type    = bool
  default = true
}

variable "enable_guardduty" {
  type    = bool
  default = true
}

variable "enable_access_analyzer" {
  type    = bool
  default = true
}

variable "enable_config" {
  type    = bool
  default = false
}

# GitHub

variable "github_repository" {
  description = "OWNER/NAME whose workflows plan and deploy; empty: none."
  type        = string
  default     = ""
}

variable "create_github_provider" {
  type    = bool
  default = true
}

variable "state_bucket" {
  description = "Bucket of Terraform's states, for plans of pull requests; empty: no role for them."
  type        = string
  default     = ""
}

variable "state_kms_key_arn" {
  type    = string
  default = ""
}
