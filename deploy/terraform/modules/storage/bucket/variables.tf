variable "bucket" {
  description = "Name of the bucket, unique in the world."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the objects; null: S3's own."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether Terraform may destroy the bucket together with what is in it."
  type        = bool
  default     = false
}

variable "noncurrent_days" {
  description = "How long versions that were overwritten or deleted stay, days."
  type        = number
}

variable "expiration_days" {
  description = "How long objects are kept, days; null: until somebody deletes them."
  type        = number
  default     = null
}

variable "access_log" {
  description = "Bucket and prefix that S3 writes the bucket's access log to; null: no log."
  type        = object({ bucket = string, prefix = string })
  default     = null
}

variable "statements" {
  description = "Statements of the bucket's policy beside the one that refuses everything without TLS."
  type        = any
  default     = []
}
