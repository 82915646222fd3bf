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
