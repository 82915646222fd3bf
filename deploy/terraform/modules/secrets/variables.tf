variable "name" {
  description = "Prefix of every name, `project-environment`; the secrets are NAME/app and NAME/providers."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the secrets."
  type        = string
}

variable "secret_key" {
  description = "SECRET_KEY of the server: 32 characters or more. Ephemeral, as the two below: never in plan or state, written only when app_secret_version changes."
  type        = string
  ephemeral   = true
}

variable "api_key" {
  description = "First key of API_KEYS: printable ASCII without commas."
  type        = string
  ephemeral   = true
}

variable "metrics_token" {
  description = "METRICS_TOKEN of the server: printable ASCII."
  type        = string
  ephemeral   = true
}

variable "app_secret_version" {
  description = "Raise it by one to write new values into NAME/app. A new SECRET_KEY signs everybody out and closes what was sealed with the old one: put old values behind the new one by hand instead where that matters."
  type        = number
  default     = 1
}

variable "recovery_window_days" {
  description = "How long a deleted secret can be brought back, days: 7 to 30, or 0 to delete at once (and free its name)."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days == 0 || (var.recovery_window_days >= 7 && var.recovery_window_days <= 30)
    error_message = "recovery_window_days has to be 0 or 7 to 30: AWS takes nothing else."
  }
}
