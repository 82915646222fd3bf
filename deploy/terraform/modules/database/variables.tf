variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of database and cache, at least two zones."
  type        = list(string)
}

variable "database_security_group_id" {
  description = "Security group of PostgreSQL."
  type        = string
}

variable "cache_security_group_id" {
  description = "Security group of the cache."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts storage, backups, secrets and logs."
  type        = string
}

variable "database_name" {
  description = "Name of the database inside the instance."
  type        = string
  default     = "voice"
}

variable "database_port" {
  description = "Port of PostgreSQL."
  type        = number
  default     = 5432
}

variable "engine_version" {
  description = "Major version of PostgreSQL; RDS takes minor ones by itself in the maintenance window."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^1[6-9]$", var.engine_version))
    error_message = "engine_version has to be a major version of PostgreSQL, 16 or newer, without a minor one: minor versions are withdrawn."
  }
}

variable "instance_class" {
  description = "Size of the database instance."
  type        = string
  default     = "db.t4g.micro"

  validation {
    condition     = contains(keys(local.memory_gib), var.instance_class) || var.max_connections != null
    error_message = "instance_class: what ${var.instance_class} has in memory is not in connections.tf. Add it there, or say max_connections."
  }
}

variable "max_connections" {
  description = "Connections that the instance takes; null: by its class, from a table."
  type        = number
  default     = null
}

variable "allocated_storage_gb" {
  description = "Storage at the start, GB."
  type        = number
  default     = 20
}

variable "max_allocated_storage_gb" {
  description = "Storage that RDS may grow to by itself, GB."
  type        = number
  default     = 100

  validation {
    condition     = var.max_allocated_storage_gb > var.allocated_storage_gb
    error_message = "max_allocated_storage_gb has to be above allocated_storage_gb, or the database stops when its disk is full."
  }
}

variable "multi_az" {
  description = "Whether a second instance stands by in another zone."
  type        = bool
  default     = true
}

variable "backup_retention_days" {
  description = "How far back a point in time can be restored, days. Erased people are still in these backups: more than 30 days break the promise of erasure."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 30
    error_message = "backup_retention_days has to be 1 to 30: 0 turns point-in-time recovery off, more keeps what people had erased for longer than 30 days."
  }
}

variable "deletion_protection" {
  description = "Whether the database resists deletion. Without it, it goes without a final snapshot and takes its backups along."
  type        = bool
  default     = true
}

variable "restore_from_snapshot" {
  description = "Snapshot that the database is made of, where there is none yet; empty: it begins empty. Without effect on a database that is there."
  type        = string
  default     = ""
}

variable "allow_major_version_upgrade" {
  description = "Whether engine_version may be a newer major version than what runs. Only for the apply that does it: nothing goes back."
  type        = bool
  default     = false
}

variable "copy_backups" {
  description = "Whether the automated backups are copied to the region of the provider aws.backup."
  type        = bool
  default     = false
}

variable "backup_kms_key_arn" {
  description = "Key in that region, which encrypts the copies; null without copy_backups."
  type        = string
  default     = null
}

variable "apply_immediately" {
  description = "Whether changes of size or version happen now, with their interruption, instead of in the maintenance window."
  type        = bool
  default     = false
}

variable "performance_insights_enabled" {
  description = "Whether RDS keeps seven days of what the database waited for (no charge)."
  type        = bool
  default     = true
}

variable "monitoring_interval_seconds" {
  description = "How often the instance reports its operating system's figures; 0: never."
  type        = number
  default     = 60

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval_seconds)
    error_message = "monitoring_interval_seconds has to be 0, 1, 5, 10, 15, 30 or 60: AWS takes nothing else."
  }
}

variable "log_retention_days" {
  description = "How long logs of database and cache are kept, days."
  type        = number
  default     = 30
}

variable "cache_engine_version" {
  description = "Version of Valkey."
  type        = string
  default     = "8.0"
}

variable "cache_node_type" {
  description = "Size of each node of the cache."
  type        = string
  default     = "cache.t4g.micro"
}

variable "cache_replica_count" {
  description = "Replicas beside the primary; with one or more they are spread over zones and take over by themselves."
  type        = number
  default     = 1

  validation {
    condition     = var.cache_replica_count >= 0 && var.cache_replica_count <= 5
    error_message = "cache_replica_count has to be 0 to 5."
  }
}

variable "cache_port" {
  description = "Port of the cache."
  type        = number
  default     = 6379
}

variable "cache_snapshot_retention_days" {
  description = "How long daily snapshots of the cache are kept, days; 0: none. What is in it does not outlive a conversation, so none is needed."
  type        = number
  default     = 0
}

variable "cache_auth_token" {
  description = "Password of the cache, 32 to 128 letters and digits. Ephemeral: written to the secret only when cache_auth_token_version changes."
  type        = string
  ephemeral   = true
}

variable "cache_auth_token_version" {
  description = "Raise it by one to replace the password of the cache."
  type        = number
  default     = 1
}

variable "secret_recovery_window_days" {
  description = "How long a deleted secret can be brought back, days: 7 to 30, or 0 to delete at once (and free its name)."
  type        = number
  default     = 30

  validation {
    condition     = var.secret_recovery_window_days == 0 || (var.secret_recovery_window_days >= 7 && var.secret_recovery_window_days <= 30)
    error_message = "secret_recovery_window_days has to be 0 or 7 to 30: AWS takes nothing else."
  }
}
