variable "name" {
  description = "What everything is called; project and environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.name))
    error_message = "name: 3 to 28 lower-case letters, digits and hyphens, because load balancers have 32 characters at most."
  }
}

variable "domain" {
  description = "Domain whose api., webhook. and dashboard. addresses the load balancer answers, such as example.com."
  type        = string
}

# Network

variable "vpc_id" {
  description = "Network of the load balancer and the tasks."
  type        = string
}

variable "public_subnet_ids" {
  description = "Where the load balancer stands: at least two availability zones."
  type        = list(string)
}

variable "private_subnet_ids" {
  description = "Where the tasks run; none of them has a public address."
  type        = list(string)
}

variable "alb_security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "service_security_group_ids" {
  description = "Service to its security group, for every key of services."
  type        = map(string)
}

variable "migrate_security_group_id" {
  description = "Security group of the migration task; it must reach the database."
  type        = string
}

variable "certificate_arn" {
  description = "Issued certificate for api., webhook. and dashboard. in this region."
  type        = string
}

variable "web_acl_arn" {
  description = "Web ACL of the load balancer; null: none."
  type        = string
  default     = null
}

variable "attach_web_acl" {
  description = "Whether web_acl_arn is attached. Apart from it, because an ARN is not known while planning."
  type        = bool
  default     = true
}

variable "access_logs_bucket" {
  description = "Bucket that the load balancer writes its access logs to."
  type        = string
}

variable "access_logs_prefix" {
  description = "Prefix of the load balancer's log in the logs bucket, as the bucket's policy allows it."
  type        = string
  default     = "alb"
}

variable "deletion_protection" {
  description = "Whether the load balancer resists deletion."
  type        = bool
  default     = true
}

# What runs

variable "services" {
  description = <<-TEXT
    Service to what it runs. Every role of the application is in exactly one service.
    cpu in CPU units (1024 is one vCPU), memory in MiB, as Fargate pairs them; min and max bound the autoscaling;
    spot: on Fargate Spot, which ends tasks with two minutes' notice; max_sessions: conversations that one task holds,
    by default what was measured for its cpu.
  TEXT
  type = map(object({
    roles        = set(string)
    cpu          = number
    memory       = number
    min          = number
    max          = number
    spot         = optional(bool, false)
    max_sessions = optional(number)
  }))

  validation {
    condition = (
      sort(flatten([for service in var.services : tolist(service.roles)])) ==
      tolist(["analytics", "api", "auth", "users", "voice"])
    )
    error_message = "services: each of the roles analytics, api, auth, users and voice has to be in exactly one service."
  }

  validation {
    condition     = alltrue([for name in keys(var.services) : can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", name)) && name != "migrate"])
    error_message = "services: names are 2 to 16 lower-case letters, digits and hyphens, and not \"migrate\"."
  }

  validation {
    condition     = alltrue([for service in var.services : 1 <= service.min && service.min <= service.max])
    error_message = "services: 1 <= min <= max."
  }

  validation {
    condition     = alltrue([for service in var.services : service.max_sessions == null ? true : service.max_sessions >= 1 && floor(service.max_sessions) == service.max_sessions])
    error_message = "services: max_sessions is a whole number from 1."
  }

  validation {
    condition = alltrue([for service in var.services : contains(
      lookup({
        "256"  = [512, 1024, 2048]
        "512"  = range(1024, 4097, 1024)
        "1024" = range(2048, 8193, 1024)
        "2048" = range(4096, 16385, 1024)
        "4096" = range(8192, 30721, 1024)
      }, tostring(service.cpu), []), service.memory)
    ])
    error_message = "services: Fargate has no task of this cpu with this memory (256: 512, 1024, 2048; 512: 1024 to 4096; 1024: 2048 to 8192; 2048: 4096 to 16384; 4096: 8192 to 30720, in steps of 1024)."
  }
}

variable "container_port" {
  description = "Port that the tasks listen on."
  type        = number
  default     = 8080
}

variable "repository_url" {
  description = "Image repository without tag."
  type        = string
}

variable "repository_arn" {
  description = "ARN of the repository that the tasks pull from."
  type        = string
}

variable "image_digest" {
  description = "Image by its digest, sha256:…; preferred, because it cannot come to mean another. Empty: image_tag."
  type        = string
  default     = ""

  validation {
    condition     = var.image_digest == "" || can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "image_digest: sha256: and 64 hexadecimal digits."
  }
}

variable "image_tag" {
  description = "Image by its tag, which the repository never lets move. Both empty: there is no image yet."
  type        = string
  default     = ""

  validation {
    condition     = var.image_tag != "latest"
    error_message = "image_tag: not latest; name the version that shall run."
  }
}

variable "deploy_services" {
  description = "Whether the services run. false for the first applies, until the image is pushed and the database migrated."
  type        = bool
  default     = true

  validation {
    condition     = !var.deploy_services || var.image_digest != "" || var.image_tag != ""
    error_message = "deploy_services: needs image_digest or image_tag. Before there is an image, set it to false."
  }
}

variable "cpu_architecture" {
  description = "ARM64 or X86_64; must be what the image was built for."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture: ARM64 or X86_64."
  }
}

variable "drain_seconds" {
  description = "How long a task that stops waits until its clients went on elsewhere."
  type        = number
  default     = 90

  validation {
    condition     = 0 <= var.drain_seconds && var.drain_seconds <= 100
    error_message = "drain_seconds: 0 to 100; the load balancer cuts at 100 s, Fargate kills at 120 s."
  }
}

variable "mail_from" {
  description = "Sender of mails; empty: no-reply@domain."
  type        = string
  default     = ""
}

variable "stt_providers" {
  description = "Who hears, in this order: openai, elevenlabs, embedded. Each needs its key. Empty: all whose key is set."
  type        = list(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.stt_providers, ["openai", "elevenlabs", "embedded"])) == 0 && length(distinct(var.stt_providers)) == length(var.stt_providers)
    error_message = "stt_providers: openai, elevenlabs, embedded, each once."
  }
}

variable "llm_providers" {
  description = "Who thinks, in this order: openai, embedded. As above."
  type        = list(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.llm_providers, ["openai", "embedded"])) == 0 && length(distinct(var.llm_providers)) == length(var.llm_providers)
    error_message = "llm_providers: openai, embedded, each once."
  }
}

variable "tts_providers" {
  description = "Who speaks, in this order: elevenlabs, openai, embedded. As above."
  type        = list(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.tts_providers, ["elevenlabs", "openai", "embedded"])) == 0 && length(distinct(var.tts_providers)) == length(var.tts_providers)
    error_message = "tts_providers: elevenlabs, openai, embedded, each once."
  }
}

variable "container_insights" {
  description = "Container Insights of the cluster: disabled, enabled or enhanced; each metric of it is paid for."
  type        = string
  default     = "enabled"

  validation {
    condition     = contains(["disabled", "enabled", "enhanced"], var.container_insights)
    error_message = "container_insights: disabled, enabled or enhanced."
  }
}

# What it works with

variable "database_address" {
  description = "Host name of PostgreSQL."
  type        = string
}

variable "database_port" {
  description = "Port of PostgreSQL."
  type        = number
  default     = 5432
}

variable "database_name" {
  description = "Name of the database."
  type        = string
  default     = "voice"
}

variable "database_resource_id" {
  description = "DbiResourceId, which IAM authentication is granted on."
  type        = string
}

variable "database_max_connections" {
  description = "Connections that the instance takes; the tasks share them."
  type        = number

  validation {
    condition     = floor((var.database_max_connections - local.connections_kept) / local.tasks_at_most) >= 2
    error_message = "services: ${local.tasks_at_most} tasks, as many as there may be during a deployment, would have less than 2 connections each of the ${var.database_max_connections} that the database takes. Lower max, or take a larger database_instance_class."
  }
}

variable "database_user" {
  description = "Login of the application; it has no password."
  type        = string
  default     = "voice_server"
}

variable "master_secret_arn" {
  description = "Secret with the master's username and password, which RDS made; only migrations read it."
  type        = string
}

variable "cache_address" {
  description = "Host name of the primary node of the cache."
  type        = string
}

variable "cache_port" {
  description = "Port of the cache."
  type        = number
  default     = 6379
}

variable "cache_secret_arn" {
  description = "Secret with the cache's token."
  type        = string
}

variable "cache_secret_key" {
  description = "Key in that secret's JSON; empty: the secret is the token itself."
  type        = string
  default     = ""
}

variable "app_secret_arn" {
  description = "Secret with JSON keys API_KEYS and METRICS_TOKEN."
  type        = string
}

variable "secret_key_arns" {
  description = "Secrets whose whole value is a SECRET_KEY: the one in use, then the one that is known beside it, if there is one."
  type        = list(string)

  validation {
    condition     = contains([1, 2], length(var.secret_key_arns))
    error_message = "secret_key_arns: one or two."
  }
}

variable "secret_key_generation" {
  description = "Which keys those are; tasks are started anew when it changes."
  type        = string
}

variable "cdn_secret_arn" {
  description = "Secret with what CloudFront shows at the load balancer."
  type        = string
}

variable "providers_secret_arn" {
  description = "Secret with JSON keys OPENAI_API_KEY, ELEVENLABS_API_KEY and SMTP_URL."
  type        = string
}

variable "object_bucket" {
  description = "Bucket that the tasks keep recordings and other objects in."
  type        = string
}

variable "object_bucket_arn" {
  description = "ARN of that bucket."
  type        = string
}

variable "object_prefix" {
  description = "Prefix that the application keeps its objects under; no more than this is granted."
  type        = string
  default     = "objects"
}

# Logs

variable "kms_key_arn" {
  description = "Key of logs, secrets and objects."
  type        = string
}

variable "log_retention_days" {
  description = "How long logs of the tasks are kept, days."
  type        = number
  default     = 30
}
