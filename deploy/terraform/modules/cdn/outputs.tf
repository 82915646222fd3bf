output "dashboard_distribution_id" {
  description = "Id of the page's distribution, to invalidate what it holds."
  value       = aws_cloudfront_distribution.dashboard.id
}

output "dashboard_distribution_arn" {
  description = "ARN of the page's distribution, for the policy of the bucket it reads."
  value       = aws_cloudfront_distribution.dashboard.arn
}

output "dashboard_address" {
  description = "What the dashboard's alias record leads to."
  value = {
    domain_name = aws_cloudfront_distribution.dashboard.domain_name
    zone_id     = aws_cloudfront_distribution.dashboard.hosted_zone_id
  }
}

output "api_address" {
  description = "What the API's alias records lead to with serve_api; null otherwise."
  value = var.serve_api ? {
    domain_name = aws_cloudfront_distribution.api[0].domain_name
    zone_id     = aws_cloudfront_distribution.api[0].hosted_zone_id
  } : null
}

output "origin_secret_arn" {
  description = "Secret with what CloudFront shows at the load balancer."
  value       = aws_secretsmanager_secret.origin.arn
}

output "origin_secret" {
  description = "The same in itself, for the firewall."
  value       = data.aws_secretsmanager_secret_version.origin.secret_string
  sensitive   = true
}

output "origin_secret_header" {
  description = "Header that it is shown in."
  value       = local.secret_header
}
