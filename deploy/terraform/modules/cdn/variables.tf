variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "dashboard_host" {
  description = "Address of the page, such as dashboard.example.com."
  type        = string
}

variable "api_host" {
  description = "Host name of the API, for its own distribution."
  type        = string
}

variable "webhook_host" {
  description = "Host name of webhooks, which the API distribution serves as well."
  type        = string
}

variable "certificate_arn" {
  description = "Issued certificate in us-east-1 for the hosts that CloudFront answers."
  type        = string
}

variable "frontend_bucket_domain_name" {
  description = "Regional domain name of the bucket with the page."
  type        = string
}

variable "web_acl_arn" {
  description = "Web ACL of scope CLOUDFRONT; null: none. The page is files, and the load balancer has a firewall of its own."
  type        = string
  default     = null
}

variable "price_class" {
  description = "PriceClass_100: Europe and North America; PriceClass_200: more; PriceClass_All."
  type        = string
  default     = "PriceClass_100"
}

variable "content_connect_sources" {
  description = "Further addresses that the page may talk to, for the Content-Security-Policy."
  type        = list(string)
  default     = []
}

variable "enable_access_logs" {
  description = "Whether requests to the distributions are logged."
  type        = bool
  default     = true
}

variable "access_logs_bucket_arn" {
  description = "Bucket that access logs are delivered to."
  type        = string
  default     = null
}

variable "access_logs_prefix" {
  description = "Prefix of these logs in the logs bucket, as the bucket's policy allows it."
  type        = string
  default     = "cloudfront"
}

variable "serve_api" {
  description = "Whether api. and webhook. are reached through CloudFront too: nearer ends of the connection, for its price."
  type        = bool
  default     = false
}

variable "alb_dns_name" {
  description = "Load balancer that answers what the page asks, and api. and webhook. with serve_api."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the secret."
  type        = string
}

variable "origin_secret" {
  description = "What CloudFront shows at the load balancer: 32 letters and digits or more. Ephemeral, and written only when its version grows; the state has it, because a distribution's headers have no other way."
  type        = string
  ephemeral   = true
}

variable "origin_secret_version" {
  description = "Raise it by one for a new origin_secret."
  type        = number
  default     = 1
}

variable "secret_recovery_window_days" {
  description = "How long a deleted secret can be brought back, days; 0: its name is free at once."
  type        = number
  default     = 30
}
