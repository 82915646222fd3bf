output "alb_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "alb_arn_suffix" {
  description = "Dimension LoadBalancer of its metrics."
  value       = aws_lb.this.arn_suffix
}

output "alb_dns_name" {
  description = "Host name of the load balancer, which the addresses of the API point to."
  value       = aws_lb.this.dns_name
}

output "alb_zone_id" {
  description = "Zone of that host name, for Route 53's aliases."
  value       = aws_lb.this.zone_id
}

output "target_group_arn_suffixes" {
  description = "Service to dimension TargetGroup of its metrics."
  value       = { for name, group in aws_lb_target_group.service : name => group.arn_suffix }
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the ECS cluster."
  value       = aws_ecs_cluster.this.arn
}

output "service_names" {
  description = "Services that run; none before deploy_services."
  value       = sort(keys(aws_ecs_service.this))
}

output "service_arns" {
  description = "Service to its ARN, whether it runs yet or not."
  value = { for name in keys(var.services) : name =>
    "arn:${local.partition}:ecs:${local.region}:${local.account}:service/${var.name}/${name}"
  }
}

output "task_families" {
  description = "Service, and migrate, to the family of its task definitions."
  value       = merge({ migrate = "${var.name}-migrate" }, { for name in keys(var.services) : name => "${var.name}-${name}" })
}

output "passed_role_arns" {
  description = "Every role that a task of this application is started with: what a deployment may pass, and no more."
  value = concat(
    [aws_iam_role.execution.arn, aws_iam_role.migrate.arn],
    [for role in aws_iam_role.task : role.arn],
  )
}

output "log_group_names" {
  description = "Service to its log group."
  value       = { for name, group in aws_cloudwatch_log_group.service : name => group.name }
}

output "migrate_log_group_name" {
  description = "Log group of the migrations."
  value       = aws_cloudwatch_log_group.migrate.name
}

output "migrate_log_group_arn" {
  description = "ARN of the log group of the migrations."
  value       = aws_cloudwatch_log_group.migrate.arn
}

output "metrics_namespace" {
  description = "CloudWatch namespace that the tasks publish to."
  value       = local.metrics_namespace
}

output "image" {
  description = "What runs; empty before there is an image."
  value       = local.has_image ? local.image : ""
}

output "hosts" {
  description = "Host names that the load balancer answers to, by what they are for."
  value       = { api = local.api_host, webhook = local.webhook_host }
}

output "path_rules" {
  description = "The load balancer's rules, as derived from the table in routes.tf."
  value       = local.path_rules
}

output "migrate_network" {
  description = "Where the one-off migration task runs."
  value = {
    subnets         = var.private_subnet_ids
    security_groups = [var.migrate_security_group_id]
  }
}
