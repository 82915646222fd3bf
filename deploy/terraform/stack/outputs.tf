output "name" {
  description = "Prefix of every name."
  value       = local.name
}

output "region" {
  description = "AWS region that the system runs in."
  value       = local.region
}

output "addresses" {
  description = "Where the system is reached; they do not change."
  value = {
    api       = "https://${module.dns.hosts.api}"
    realtime  = "wss://${module.dns.hosts.api}/v1/realtime"
    webhook   = "https://${module.dns.hosts.webhook}"
    dashboard = "https://${module.dns.hosts.dashboard}"
    health    = "https://${module.dns.hosts.api}/health"
  }
}

output "name_servers" {
  description = "To be entered at the registrar where the zone is made here."
  value       = module.dns.name_servers
}

output "ds_record" {
  description = "To be entered at the registrar with enable_dnssec."
  value       = module.dns.ds_record
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = module.registry.repository_url
}

output "image" {
  description = "Image that Terraform was given; empty before there is one."
  value       = module.application.image
}

output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = module.application.cluster_name
}

output "service_names" {
  description = "Names of the ECS services by service."
  value       = module.application.service_names
}

output "task_families" {
  description = "Families of the task definitions by service, `migrate` among them."
  value       = module.application.task_families
}

output "migrate_network" {
  description = "Subnets and security groups of the migration task."
  value       = module.application.migrate_network
}

output "log_group_names" {
  description = "Log groups of the tasks by service, `migrate` among them."
  value       = merge(module.application.log_group_names, { migrate = module.application.migrate_log_group_name })
}

output "app_secret_arn" {
  description = "Secret with the server's own keys: SECRET_KEY, API_KEYS, METRICS_TOKEN."
  value       = module.secrets.app_secret_arn
}

output "providers_secret_arn" {
  description = "Where people put the keys of the providers."
  value       = module.secrets.providers_secret_arn
}

output "database_identifier" {
  description = "Name of the database instance."
  value       = module.database.database_identifier
}

output "cache_id" {
  description = "Id of the cache's replication group."
  value       = module.database.cache_id
}

output "buckets" {
  description = "Names of the buckets by what they are for."
  value = {
    assets   = module.storage.assets_bucket
    backups  = module.storage.backups_bucket
    frontend = module.storage.frontend_bucket
    logs     = module.storage.logs_bucket
  }
}

output "distribution_id" {
  description = "Of the page; its cache is emptied after a new page."
  value       = module.cdn.dashboard_distribution_id
}

output "load_balancer_address" {
  description = "The load balancer's own name, for a look past DNS."
  value       = module.application.alb_dns_name
}

output "nat_public_ips" {
  description = "Addresses that requests to providers come from."
  value       = module.vpc.nat_public_ips
}

output "availability_zones" {
  description = "What to pin in availability_zones."
  value       = module.vpc.zones
}

output "dashboard_name" {
  description = "Of CloudWatch."
  value       = module.monitoring.dashboard_name
}

output "alarm_topic_arn" {
  description = "Topic that alarms are sent to."
  value       = module.monitoring.topic_arn
}

output "github_role_arns" {
  description = "For the workflows; null where GitHub has none."
  value = {
    plan   = one(module.github_oidc[*].plan_role_arn)
    drift  = one(module.github_oidc[*].drift_role_arn)
    deploy = one(module.github_oidc[*].deploy_role_arn)
  }
}
