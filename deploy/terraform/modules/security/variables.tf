variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "vpc_id" {
  description = "Network that the security groups belong to."
  type        = string
}

variable "services" {
  description = "Names of the services; each gets a security group of its own."
  type        = set(string)

  validation {
    condition     = length(var.services) > 0
    error_message = "services has to name at least one service."
  }
}

variable "container_port" {
  description = "Port that the tasks listen on."
  type        = number
  default     = 8080
}

variable "database_port" {
  description = "Port of PostgreSQL."
  type        = number
  default     = 5432
}

variable "cache_port" {
  description = "Port of the cache."
  type        = number
  default     = 6379
}

variable "smtp_ports" {
  description = "Ports of mail servers that the tasks may reach: 465 (TLS from the start) and 587 (STARTTLS). Empty: no mail."
  type        = set(number)
  default     = [465, 587]
}

variable "kms_key_arn" {
  description = "Key that encrypts the firewall's log."
  type        = string
}

variable "waf_enabled" {
  description = "Whether a web application firewall exists for the load balancer."
  type        = bool
  default     = true
}

variable "waf_counts_only" {
  description = "Whether the firewall only counts what it would block: for the first days of a new environment."
  type        = bool
  default     = false
}

variable "through_cdn" {
  description = "Whether nobody but CloudFront reaches the load balancer."
  type        = bool
  default     = false
}

variable "cdn_secret" {
  description = "What CloudFront shows at the load balancer: letters and digits. Who shows it is believed for whom they ask."
  type        = string
  sensitive   = true
}

variable "cdn_secret_header" {
  description = "Header that it is shown in."
  type        = string
  default     = "X-CDN-Secret"
}

variable "waf_requests_per_ip" {
  description = "Requests that one address may send in five minutes. Offices and mobile carriers share addresses: do not set it to what one person needs."
  type        = number
  default     = 3000

  validation {
    condition     = var.waf_requests_per_ip >= 10
    error_message = "waf_requests_per_ip has to be at least 10: AWS takes nothing lower."
  }
}

variable "waf_handshakes_per_ip" {
  description = "Conversations (WebSocket handshakes) that one address may open in five minutes; messages inside a conversation do not count."
  type        = number
  default     = 600

  validation {
    condition     = var.waf_handshakes_per_ip >= 10
    error_message = "waf_handshakes_per_ip has to be at least 10: AWS takes nothing lower."
  }
}

variable "waf_sign_ins_per_ip" {
  description = "Requests to /api/v1/auth/ that one address may send in five minutes. The server itself slows down guessing for each account; this stops the many."
  type        = number
  default     = 200

  validation {
    condition     = var.waf_sign_ins_per_ip >= 10
    error_message = "waf_sign_ins_per_ip has to be at least 10: AWS takes nothing lower."
  }
}

variable "waf_log_retention_days" {
  description = "How long the firewall's log is kept, days. It holds addresses of people."
  type        = number
  default     = 30
}
