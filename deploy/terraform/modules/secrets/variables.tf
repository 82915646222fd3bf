variable "name" {
  description = "Prefix of every name, `project-environment`; the secrets are NAME/app and NAME/providers."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the secrets."
  type        = string
}

variable "secret_key" {
  description = "A new SECRET_KEY of the server: 32 characters or more. Ephemeral, as the two below: never in plan or state, written only when secret_key_version grows."
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
  description = "Raise it by one to write new values into NAME/app. The old ones are worth nothing from then on."
  type        = number
  default     = 1
}

variable "secret_key_version" {
  description = "Number of the newest SECRET_KEY. Raise it by one to have another made, which every task then knows beside the one in use."
  type        = number
  default     = 1

  validation {
    condition     = var.secret_key_version >= 1 && floor(var.secret_key_version) == var.secret_key_version
    error_message = "secret_key_version has to be a whole number from 1."
  }
}

variable "secret_key_in_use" {
  description = "Number of the SECRET_KEY that seals and signs: the newest, or the one before it until all tasks know the newest."
  type        = number
  default     = 1

  validation {
    condition     = var.secret_key_in_use >= 1 && contains([var.secret_key_version, var.secret_key_version - 1], var.secret_key_in_use)
    error_message = "secret_key_in_use has to be secret_key_version, or one less: older keys are gone."
  }
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
