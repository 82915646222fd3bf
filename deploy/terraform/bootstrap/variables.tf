variable "project" {
  description = "Name of the installation, part of the bucket's name."
  type        = string
  default     = "voice-server"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.project))
    error_message = "project has to be 2 to 20 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "AWS region that the states are kept in."
  type        = string
  default     = "us-east-1"
}

variable "noncurrent_days" {
  description = "How long former states can be brought back, days."
  type        = number
  default     = 90
}
