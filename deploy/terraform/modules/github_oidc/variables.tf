variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "repository" {
  description = "Repository on GitHub whose workflows may take the roles, as OWNER/NAME, exactly as GitHub spells it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository: OWNER/NAME, without wildcards."
  }
}

variable "deploy_environment" {
  description = "GitHub environment that deployments run in; its protection rules say who may start one."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.deploy_environment))
    error_message = "deploy_environment: a name without wildcards."
  }
}

variable "create_provider" {
  description = "Whether GitHub's identity provider is made here. An account has it once: false where it exists."
  type        = bool
  default     = true
}

variable "ecr_repository_arn" {
  description = "Repository that images are pushed to."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "service_arns" {
  description = "Services that may be deployed."
  type        = list(string)
}

variable "task_families" {
  description = "Families of task definitions that a deployment registers; the migration's among them."
  type        = list(string)
}

variable "migrate_family" {
  description = "Family of the task definition of migrations."
  type        = string
}

variable "passed_role_arns" {
  description = "Roles that registered tasks run with; no other role can be passed."
  type        = list(string)
}

variable "migrate_log_group_arn" {
  description = "Log group of the migrations, which the workflow reads."
  type        = string
}

variable "frontend_bucket_arn" {
  description = "Bucket that the page is uploaded to."
  type        = string
}

variable "distribution_arn" {
  description = "Distribution of the page, whose cache a deployment empties."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the environment: the page's bucket, both secrets below."
  type        = string
}

variable "cache_secret_arn" {
  description = "Secret that a data source reads while planning."
  type        = string
}

variable "cdn_secret_arn" {
  description = "The other one: what CloudFront shows at the load balancer."
  type        = string
}

variable "state_bucket_arn" {
  description = "Bucket of Terraform's state, for the plan of a pull request; empty: no plan role."
  type        = string
  default     = ""
}

variable "state_key" {
  description = "Object of the state in it."
  type        = string
  default     = ""
}

variable "state_kms_key_arn" {
  description = "Key that encrypts the states; empty: the workflow reads none."
  type        = string
  default     = ""
}
