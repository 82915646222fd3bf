output "assets_bucket" {
  description = "Name of the bucket with what the server stores: recordings and other objects."
  value       = module.assets.bucket
}

output "assets_bucket_arn" {
  description = "ARN of the assets bucket."
  value       = module.assets.arn
}

output "backups_bucket" {
  description = "Name of the bucket with exports of the database."
  value       = module.backups.bucket
}

output "backups_bucket_arn" {
  description = "ARN of the backups bucket."
  value       = module.backups.arn
}

output "logs_bucket" {
  description = "Name of the bucket with access logs: `alb/` of the load balancer, `s3/BUCKET/` of the other buckets, `cloudtrail/` of the trail, `cloudfront/` of the CDN."
  value       = module.logs.bucket
}

output "logs_bucket_arn" {
  description = "ARN of the logs bucket."
  value       = module.logs.arn
}

output "alb_log_prefix" {
  description = "Prefix that the load balancer may write its logs under."
  value       = local.alb_log_prefix
}

output "trail_log_prefix" {
  description = "Prefix that the trail may write under."
  value       = local.trail_log_prefix
}

output "cdn_log_prefix" {
  description = "Prefix that CloudFront's log delivery may write under."
  value       = local.cdn_log_prefix
}

output "frontend_bucket" {
  description = "Name of the bucket with the page."
  value       = module.frontend.bucket
}

output "frontend_bucket_arn" {
  description = "ARN of the frontend bucket."
  value       = module.frontend.arn
}

output "frontend_bucket_regional_domain_name" {
  description = "Host name of the frontend bucket, the origin of the CDN."
  value       = module.frontend.regional_domain_name
}
