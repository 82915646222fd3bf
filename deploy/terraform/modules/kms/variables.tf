variable "name" {
  description = "Prefix of every name, `project-environment`; also the alias of the key."
  type        = string
}

variable "deletion_window_days" {
  description = "How long AWS keeps the key after it was destroyed, days. Everything encrypted with it is lost after that."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days has to be 7 to 30: AWS takes nothing else."
  }
}
