variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts every bucket but the logs, which load balancer and S3 can only write with S3's own key."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy buckets that still hold something."
  type        = bool
  default     = true
}

variable "noncurrent_days" {
  description = "How long versions that were overwritten or deleted stay, days. It is the net under erasure, which deletes versions itself."
  type        = number
  default     = 7

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days < 30
    error_message = "noncurrent_days has to be 1 to 29: what people had erased has to be gone within 30 days, and S3 takes up to a day to notice."
  }
}

variable "backup_days" {
  description = "How long a backup is kept, days."
  type        = number
  default     = 21

  validation {
    condition     = var.backup_days >= 1 && var.backup_days + var.noncurrent_days < 30
    error_message = "backup_days and noncurrent_days together have to stay under 30: erased people are still in the backups."
  }
}

variable "log_days" {
  description = "How long access logs and the audit trail are kept, days."
  type        = number
  default     = 90
}

variable "trail_name" {
  description = "Name of the CloudTrail trail that writes to the logs bucket under `cloudtrail/`; null: no trail may."
  type        = string
  default     = null
}

variable "frontend_distribution_arn" {
  description = "ARN of the CloudFront distribution that reads the frontend; null: none. This module writes the whole policy of each bucket (S3 keeps one only), so cdn has none of its own."
  type        = string
  default     = null
}
