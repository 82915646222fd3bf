variable "name" {
  description = "Prefix of every name, `project-environment`."
  type        = string
}

variable "dashboard_host" {
  description = "Address of the page, such as dashboard.example.com."
  type        = string
}

variable "api_host" {
  description = "Address of the API that the page talks to, such as api.example.com."
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
  description = "Web ACL of scope CLOUDFRONT; null: none. The page is files alone, so it has little to protect."
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
  description = "Load balancer behind api. and webhook.; needed with serve_api."
  type        = string
  default     = ""
}
