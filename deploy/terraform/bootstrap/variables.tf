variable "project" {
  description = "Name of the installation, part of the bucket's name."
  type        = string
  default     = "voice-server"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.project))
    error_message = "project has to be that of the environments: 2 to 16 lower-case letters, digits and hyphens."
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
