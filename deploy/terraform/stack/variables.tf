variable "project" {
  description = "First part of every name; 2 to 16 lower-case letters, digits and hyphens."
  type        = string
  default     = "voice-server"

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
  description = "Whether its zone is made here; false: Route 53 has it already."
  type        = bool
  default     = false
}

variable "zone_name" {
  description = "Name of the existing zone where it is not the domain itself; empty: the domain."
  type        = string
  default     = ""
}

variable "enable_dnssec" {
  description = "Whether the zone is signed."
  type        = bool
  default     = false
}

variable "enable_query_logging" {
  description = "Whether queries of the zone are logged."
  type        = bool
  default     = false
}

variable "enable_health_check" {
  description = "Whether Route 53 asks the API from around the world."
  type        = bool
  default     = true
}

variable "api_through_cdn" {
  description = "Whether api. and webhook. are reached through CloudFront too."
  type        = bool
  default     = false
}

variable "mail_from" {
  description = "Sender of mails; empty: no-reply@ the domain."
  type        = string
  default     = ""
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
    max_sessions = optional(number)
  }))

  validation {
    condition     = length([for service in var.services : true if contains(service.roles, "api")]) == 1
    error_message = "services: the role api has to be in exactly one service."
  }
}

variable "image_digest" {
  description = "Image by its digest, sha256:…; empty: image_tag."
  type        = string
  default     = ""
}

variable "image_tag" {
  description = "Image by its tag; never latest."
  type        = string
  default     = ""
}

variable "deploy_services" {
  description = "Whether the services run. false until the image is pushed, the providers' keys are entered and the database is migrated."
  type        = bool
  default     = false
}

variable "cpu_architecture" {
  description = "ARM64 (20 % cheaper) or X86_64; what the image was built for."
  type        = string
  default     = "ARM64"
}

variable "stt_providers" {
  description = "Who hears, in this order: openai, elevenlabs, embedded; each needs its key. Empty: all whose key is set."
  type        = list(string)
  default     = []
}

variable "llm_providers" {
  description = "Who thinks, in this order: openai, embedded. As above."
  type        = list(string)
  default     = []
}

variable "tts_providers" {
  description = "Who speaks, in this order: elevenlabs, openai, embedded. As above."
  type        = list(string)
  default     = []
}

variable "container_insights" {
  description = "disabled, enabled or enhanced; its metrics are paid for one by one."
  type        = string
  default     = "enabled"
}

# Network

variable "cidr" {
  description = "IPv4 range of the network, a /16."
  type        = string
  default     = "10.0.0.0/16"
}

variable "zone_count" {
  description = "Availability zones in use."
  type        = number
  default     = 3
}

variable "availability_zones" {
  description = "Their names, pinned after the first apply (output availability_zones): a zone that AWS adds would move every subnet. Empty: the region's first."
  type        = list(string)
  default     = []
}

variable "nat_gateway_count" {
  description = "Ways out for the tasks. 1: a zone that fails can take it along; zone_count: none can; each about 36 USD a month."
  type        = number
  default     = 1
}

variable "interface_endpoints" {
  description = "AWS services reached without NAT, such as ecr.dkr; each about 7 USD a month and zone."
  type        = set(string)
  default     = []
}

variable "enable_waf" {
  description = "Whether a firewall stands before the load balancer."
  type        = bool
  default     = true
}

variable "waf_counts_only" {
  description = "Whether it only counts what it would block."
  type        = bool
  default     = false
}

# Data

variable "deletion_protection" {
  description = "Of load balancer, database, buckets and image repository."
  type        = bool
  default     = true
}

variable "database_engine_version" {
  description = "Major version of PostgreSQL; RDS takes minor ones by itself."
  type        = string
  default     = "17"
}

variable "database_allow_major_upgrade" {
  description = "Whether database_engine_version may be newer than what runs. Only for the apply that does it: nothing goes back."
  type        = bool
  default     = false
}

variable "database_apply_immediately" {
  description = "Whether changes of the database's size or version happen now, with their interruption, instead of in the maintenance window."
  type        = bool
  default     = false
}

variable "restore_from_snapshot" {
  description = "Snapshot that the database is made of, where there is none yet. Without effect on one that is there."
  type        = string
  default     = ""
}

variable "backup_region" {
  description = "Another region that the database's backups are copied to; empty: none."
  type        = string
  default     = ""
}

variable "database_instance_class" {
  description = "Size of PostgreSQL."
  type        = string
  default     = "db.t4g.micro"
}

variable "database_storage_gb" {
  description = "Storage at the start; it grows by itself up to five times as much."
  type        = number
  default     = 20
}

variable "database_max_connections" {
  description = "Connections that the class takes, which tasks share; null: from a table of classes."
  type        = number
  default     = null
}

variable "database_multi_az" {
  description = "Whether a second instance stands by in another zone."
  type        = bool
  default     = true
}

variable "backup_retention_days" {
  description = "How far back a point in time can be restored, days; 30 at most, because erased people are in the backups."
  type        = number
  default     = 7
}

variable "cache_node_type" {
  description = "Size of each node of the cache."
  type        = string
  default     = "cache.t4g.micro"
}

variable "cache_replica_count" {
  description = "Replicas beside the primary."
  type        = number
  default     = 1
}

variable "secret_recovery_window_days" {
  description = "How long a deleted secret can be brought back, days; 0: its name is free at once."
  type        = number
  default     = 30
}

variable "log_retention_days" {
  description = "How long logs in CloudWatch are kept, days."
  type        = number
  default     = 30
}

# Secrets that the caller makes up. Ephemeral: what is made up anew each time is written only when a version grows.

variable "secret_key" {
  description = "A SECRET_KEY for the server, 32 characters or more; ephemeral, made by the environment."
  type        = string
  ephemeral   = true
}

variable "api_key" {
  description = "First of API_KEYS; ephemeral."
  type        = string
  ephemeral   = true
}

variable "metrics_token" {
  description = "METRICS_TOKEN of the server; ephemeral."
  type        = string
  ephemeral   = true
}

variable "cache_auth_token" {
  description = "Password of the cache, 32 to 128 letters and digits; ephemeral."
  type        = string
  ephemeral   = true
}

variable "cdn_secret" {
  description = "What CloudFront shows at the load balancer, 32 letters and digits or more; ephemeral."
  type        = string
  ephemeral   = true
}

variable "secret_key_version" {
  description = "Number of the newest SECRET_KEY. Raise it by one to have another made, and secret_key_in_use in the apply after."
  type        = number
  default     = 1
}

variable "secret_key_in_use" {
  description = "Number of the SECRET_KEY that seals and signs: the newest, or the one before it until all tasks know the newest."
  type        = number
  default     = 1
}

variable "app_secret_version" {
  description = "Raise it by one for a new API key and metrics token. The old ones are worth nothing from then on."
  type        = number
  default     = 1
}

variable "cache_auth_token_version" {
  description = "Raise it by one for a new password of the cache."
  type        = number
  default     = 1
}

variable "cdn_secret_version" {
  description = "Raise it by one for a new secret of CloudFront's, then restart the services."
  type        = number
  default     = 1
}

# Watching

variable "alert_emails" {
  description = "Addresses that alarms and cost warnings are mailed to; each is confirmed by a link once."
  type        = set(string)
  default     = []
}

variable "monthly_budget_usd" {
  description = "Costs of the whole account in a month that is warned of; 0: none."
  type        = number
  default     = 250
}

variable "enable_cloudtrail" {
  description = "Once an account: whether a trail records who changed what."
  type        = bool
  default     = true
}

variable "enable_guardduty" {
  description = "Once an account and region: whether GuardDuty looks for signs of a break-in."
  type        = bool
  default     = true
}

variable "enable_access_analyzer" {
  description = "Once an account and region: whether what is open to other accounts is told."
  type        = bool
  default     = true
}

variable "enable_config" {
  description = "Once an account and region: whether AWS Config keeps the history of resources."
  type        = bool
  default     = false
}

# GitHub

variable "github_repository" {
  description = "OWNER/NAME whose workflows plan and deploy; empty: none."
  type        = string
  default     = ""
}

variable "create_github_provider" {
  description = "Once an account: whether GitHub's identity provider is made here."
  type        = bool
  default     = true
}

variable "state_bucket" {
  description = "Bucket of Terraform's states, for plans of pull requests; empty: no role for them."
  type        = string
  default     = ""
}

variable "state_kms_key_arn" {
  description = "Its key."
  type        = string
  default     = ""
}
