output "name" {
  description = "Prefix of every name."
  value       = module.stack.name
}

output "region" {
  description = "AWS region that the system runs in."
  value       = module.stack.region
}

output "addresses" {
  description = "Where the system is reached; they do not change."
  value       = module.stack.addresses
}

output "name_servers" {
  description = "To be entered at the registrar where the zone is made here."
  value       = module.stack.name_servers
}

output "ds_record" {
  description = "To be entered at the registrar with enable_dnssec."
  value       = module.stack.ds_record
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = module.stack.repository_url
}

output "image" {
  description = "Image that Terraform was given; empty before there is one."
  value       = module.stack.image
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = module.stack.cluster_name
}

output "service_names" {
  description = "Names of the ECS services by service."
  value       = module.stack.service_names
}

output "task_families" {
  description = "Families of the task definitions by service, `migrate` among them."
  value       = module.stack.task_families
}

output "migrate_network" {
  description = "Subnets and security groups of the migration task."
  value       = module.stack.migrate_network
}

output "log_group_names" {
  description = "Log groups of the tasks by service, `migrate` among them."
  value       = module.stack.log_group_names
}

output "app_secret_arn" {
  description = "Secret with the server's own keys: SECRET_KEY, API_KEYS, METRICS_TOKEN."
  value       = module.stack.app_secret_arn
}

output "providers_secret_arn" {
  description = "Where people put the keys of the providers."
  value       = module.stack.providers_secret_arn
}

output "database_identifier" {
  description = "Name of the database instance."
  value       = module.stack.database_identifier
}

output "cache_id" {
  description = "Id of the cache's replication group."
  value       = module.stack.cache_id
}

output "buckets" {
  description = "Names of the buckets by what they are for."
  value       = module.stack.buckets
}

output "distribution_id" {
  description = "Of the page; its cache is emptied after a new page."
  value       = module.stack.distribution_id
}

output "load_balancer_address" {
  description = "The load balancer's own name, for a look past DNS."
  value       = module.stack.load_balancer_address
}

output "nat_public_ips" {
  description = "Addresses that requests to providers come from."
  value       = module.stack.nat_public_ips
}

output "availability_zones" {
  description = "What to pin in availability_zones."
  value       = module.stack.availability_zones
}

output "dashboard_name" {
  description = "Of CloudWatch."
  value       = module.stack.dashboard_name
}

output "alarm_topic_arn" {
  description = "Topic that alarms are sent to."
  value       = module.stack.alarm_topic_arn
}

output "github_role_arns" {
  description = "For the workflows; null where GitHub has none."
  value       = module.stack.github_role_arns
}
