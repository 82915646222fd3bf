output "alb_security_group_id" {
  description = "Security group of the load balancer: 80 and 443 from the world, the tasks' port out."
  value       = aws_security_group.alb.id
}

output "service_security_group_ids" {
  description = "Security group of each service by its name. A one-off task (migrations) runs in one of them."
  value       = { for service, group in aws_security_group.service : service => group.id }
}

output "database_security_group_id" {
  description = "Security group of PostgreSQL: in from the services only, nothing out."
  value       = aws_security_group.database.id
}

output "cache_security_group_id" {
  description = "Security group of the cache: in from the services only, nothing out."
  value       = aws_security_group.cache.id
}

output "endpoint_security_group_id" {
  description = "Security group of the interface endpoints: 443 in from the services."
  value       = aws_security_group.endpoint.id
}

output "web_acl_arn" {
  description = "ARN of the regional web ACL, to associate with the load balancer; null where the firewall is off."
  value       = one(aws_wafv2_web_acl.main[*].arn)
}

output "web_acl_metric_name" {
  description = "Dimension `WebACL` of the firewall's CloudWatch metrics; null where the firewall is off."
  value       = one(aws_wafv2_web_acl.main[*].name)
}
