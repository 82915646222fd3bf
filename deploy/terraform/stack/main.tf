# The whole system, once. Environments differ in values only.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  name      = "${var.project}-${var.environment}"
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition

  in_us_east_1 = local.region == "us-east-1"

  # The service that has the role api runs the migrations too.
  api_service = one([for name, service in var.services : name if contains(service.roles, "api")])
}

module "kms" {
  source = "../modules/kms"

  name = local.name
}

# In the other region, which knows nothing of the key above.
module "backup_kms" {
  source = "../modules/kms"
  count  = var.backup_region == "" ? 0 : 1

  providers = {
    aws = aws.backup
  }

  name = "${local.name}-backup"
}

module "vpc" {
  source = "../modules/vpc"

  name                       = local.name
  cidr                       = var.cidr
  zone_count                 = var.zone_count
  azs                        = var.availability_zones
  nat_gateway_count          = var.nat_gateway_count
  interface_endpoints        = var.interface_endpoints
  endpoint_security_group_id = module.security.endpoint_security_group_id
  kms_key_arn                = module.kms.key_arn
  flow_log_retention_days    = var.log_retention_days
}

module "security" {
  source = "../modules/security"

  name                   = local.name
  vpc_id                 = module.vpc.vpc_id
  services               = keys(var.services)
  kms_key_arn            = module.kms.key_arn
  waf_enabled            = var.enable_waf
  waf_counts_only        = var.waf_counts_only
  through_cdn            = var.api_through_cdn
  cdn_secret             = module.cdn.origin_secret
  cdn_secret_header      = module.cdn.origin_secret_header
  waf_log_retention_days = var.log_retention_days
}

module "secrets" {
  source = "../modules/secrets"

  name                 = local.name
  kms_key_arn          = module.kms.key_arn
  secret_key           = var.secret_key
  secret_key_version   = var.secret_key_version
  secret_key_in_use    = var.secret_key_in_use
  api_key              = var.api_key
  metrics_token        = var.metrics_token
  app_secret_version   = var.app_secret_version
  recovery_window_days = var.secret_recovery_window_days
}

module "database" {
  source = "../modules/database"

  providers = {
    aws        = aws
    aws.backup = aws.backup
  }

  name                        = local.name
  subnet_ids                  = module.vpc.database_subnet_ids
  database_security_group_id  = module.security.database_security_group_id
  cache_security_group_id     = module.security.cache_security_group_id
  kms_key_arn                 = module.kms.key_arn
  engine_version              = var.database_engine_version
  allow_major_version_upgrade = var.database_allow_major_upgrade
  apply_immediately           = var.database_apply_immediately
  restore_from_snapshot       = var.restore_from_snapshot
  instance_class              = var.database_instance_class
  max_connections             = var.database_max_connections
  allocated_storage_gb        = var.database_storage_gb
  max_allocated_storage_gb    = 5 * var.database_storage_gb
  multi_az                    = var.database_multi_az
  backup_retention_days       = var.backup_retention_days
  copy_backups                = var.backup_region != ""
  backup_kms_key_arn          = one(module.backup_kms[*].key_arn)
  deletion_protection         = var.deletion_protection
  log_retention_days          = var.log_retention_days
  cache_node_type             = var.cache_node_type
  cache_replica_count         = var.cache_replica_count
  cache_auth_token            = var.cache_auth_token
  cache_auth_token_version    = var.cache_auth_token_version
  secret_recovery_window_days = var.secret_recovery_window_days
}

module "storage" {
  source = "../modules/storage"

  name                      = local.name
  kms_key_arn               = module.kms.key_arn
  deletion_protection       = var.deletion_protection
  trail_name                = var.enable_cloudtrail ? local.name : null
  frontend_distribution_arn = module.cdn.dashboard_distribution_arn
}

module "registry" {
  source = "../modules/registry"

  name                = local.name
  kms_key_arn         = module.kms.key_arn
  deletion_protection = var.deletion_protection
}

module "application" {
  source = "../modules/application"

  name   = local.name
  domain = var.domain

  vpc_id                     = module.vpc.vpc_id
  public_subnet_ids          = module.vpc.public_subnet_ids
  private_subnet_ids         = module.vpc.private_subnet_ids
  alb_security_group_id      = module.security.alb_security_group_id
  service_security_group_ids = module.security.service_security_group_ids
  migrate_security_group_id  = module.security.service_security_group_ids[local.api_service]
  certificate_arn            = module.dns.regional_certificate_arn
  attach_web_acl             = var.enable_waf
  web_acl_arn                = module.security.web_acl_arn
  access_logs_bucket         = module.storage.logs_bucket
  access_logs_prefix         = module.storage.alb_log_prefix
  deletion_protection        = var.deletion_protection

  services           = var.services
  repository_url     = module.registry.repository_url
  repository_arn     = module.registry.repository_arn
  image_digest       = var.image_digest
  image_tag          = var.image_tag
  deploy_services    = var.deploy_services
  cpu_architecture   = var.cpu_architecture
  container_insights = var.container_insights
  mail_from          = var.mail_from
  stt_providers      = var.stt_providers
  llm_providers      = var.llm_providers
  tts_providers      = var.tts_providers

  database_max_connections = module.database.max_connections
  secret_key_arns          = module.secrets.secret_key_arns
  secret_key_generation    = "${var.secret_key_in_use} of ${var.secret_key_version}"

  database_address     = module.database.database_address
  database_port        = module.database.database_port
  database_name        = module.database.database_name
  database_resource_id = module.database.database_resource_id
  master_secret_arn    = module.database.master_secret_arn
  cache_address        = module.database.cache_primary_address
  cache_port           = module.database.cache_port
  cache_secret_arn     = module.database.cache_secret_arn
  cdn_secret_arn       = module.cdn.origin_secret_arn
  app_secret_arn       = module.secrets.app_secret_arn
  providers_secret_arn = module.secrets.providers_secret_arn
  object_bucket        = module.storage.assets_bucket
  object_bucket_arn    = module.storage.assets_bucket_arn

  kms_key_arn        = module.kms.key_arn
  log_retention_days = var.log_retention_days
}

module "dns" {
  source = "../modules/dns"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name                   = local.name
  domain                 = var.domain
  create_zone            = var.create_zone
  zone_name              = var.zone_name
  alb_dns_name           = module.application.alb_dns_name
  alb_zone_id            = module.application.alb_zone_id
  dashboard_distribution = module.cdn.dashboard_address
  api_through_cdn        = var.api_through_cdn
  api_distribution       = module.cdn.api_address
  create_health_check    = var.enable_health_check
  enable_dnssec          = var.enable_dnssec
  enable_query_logging   = var.enable_query_logging
  log_retention_days     = var.log_retention_days

  # Topic and key are in the system's region; Route 53's alarm and log are in us-east-1.
  alarm_topic_arns      = local.in_us_east_1 ? [module.monitoring.topic_arn] : []
  query_log_kms_key_arn = local.in_us_east_1 ? module.kms.key_arn : null
}

module "cdn" {
  source = "../modules/cdn"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name                        = local.name
  dashboard_host              = module.dns.hosts.dashboard
  api_host                    = module.dns.hosts.api
  webhook_host                = module.dns.hosts.webhook
  certificate_arn             = module.dns.cdn_certificate_arn
  frontend_bucket_domain_name = module.storage.frontend_bucket_regional_domain_name
  # By the name, which is known only once the bucket's policy lets the delivery in.
  access_logs_bucket_arn      = "arn:${local.partition}:s3:::${module.storage.logs_bucket}"
  access_logs_prefix          = module.storage.cdn_log_prefix
  serve_api                   = var.api_through_cdn
  alb_dns_name                = module.application.alb_dns_name
  kms_key_arn                 = module.kms.key_arn
  origin_secret               = var.cdn_secret
  origin_secret_version       = var.cdn_secret_version
  secret_recovery_window_days = var.secret_recovery_window_days
}

module "monitoring" {
  source = "../modules/monitoring"

  name               = local.name
  kms_key_arn        = module.kms.key_arn
  alert_emails       = var.alert_emails
  monthly_budget_usd = var.monthly_budget_usd
  metrics_namespace  = module.application.metrics_namespace
  cluster_name       = module.application.cluster_name
  alb_arn_suffix     = module.application.alb_arn_suffix

  services = { for name, service in var.services : name => {
    has_voice               = contains(service.roles, "voice")
    target_group_arn_suffix = module.application.target_group_arn_suffixes[name]
    log_group_name          = module.application.log_group_names[name]
  } if var.deploy_services }

  database_identifier      = module.database.database_identifier
  database_storage_gb      = var.database_storage_gb
  database_max_connections = module.database.max_connections
  # As ElastiCache numbers them; the ids themselves are not known while planning.
  cache_node_ids  = [for number in range(1, 2 + var.cache_replica_count) : format("%s-%03d", module.database.cache_id, number)]
  nat_gateway_ids = module.vpc.nat_gateway_ids
}

module "audit" {
  source = "../modules/audit"

  name                   = local.name
  kms_key_arn            = module.kms.key_arn
  logs_bucket            = module.storage.logs_bucket
  trail_log_prefix       = module.storage.trail_log_prefix
  topic_arn              = module.monitoring.topic_arn
  enable_cloudtrail      = var.enable_cloudtrail
  enable_guardduty       = var.enable_guardduty
  enable_access_analyzer = var.enable_access_analyzer
  enable_config          = var.enable_config
}

module "github_oidc" {
  source = "../modules/github_oidc"
  count  = var.github_repository == "" ? 0 : 1

  name                  = local.name
  repository            = var.github_repository
  deploy_environment    = var.environment
  create_provider       = var.create_github_provider
  ecr_repository_arn    = module.registry.repository_arn
  cluster_name          = module.application.cluster_name
  service_arns          = values(module.application.service_arns)
  task_families         = values(module.application.task_families)
  migrate_family        = module.application.task_families["migrate"]
  passed_role_arns      = module.application.passed_role_arns
  migrate_log_group_arn = module.application.migrate_log_group_arn
  frontend_bucket_arn   = module.storage.frontend_bucket_arn
  distribution_arn      = module.cdn.dashboard_distribution_arn
  kms_key_arn           = module.kms.key_arn
  cdn_secret_arn        = module.cdn.origin_secret_arn
  cache_secret_arn      = module.database.cache_secret_arn
  state_bucket_arn      = var.state_bucket == "" ? "" : "arn:${local.partition}:s3:::${var.state_bucket}"
  state_key             = "${var.environment}/terraform.tfstate"
  state_kms_key_arn     = var.state_kms_key_arn
}
