variable "name" {
  description = "Name of the repository, `project-environment`."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the images."
  type        = string
}

variable "kept_images" {
  description = "How many tagged images are kept, newest first: how far back a rollback can go."
  type        = number
  default     = 30
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy a repository that still holds images."
  type        = bool
  default     = true
}
