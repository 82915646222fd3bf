locals {
  environment = "production"

  tags = {
    Project     = var.project
    Environment = local.environment
    ManagedBy   = "terraform"
  }
}

# Made up anew at every plan and thrown away; written only when the version beside it grows. Never in plan or state, but
# for those of the cache and of CloudFront, which AWS' provider has no write-only form for.
ephemeral "aws_secretsmanager_random_password" "secret_key" {
  password_length     = 48
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "api_key" {
  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "metrics_token" {
  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "cache_auth_token" {
  password_length     = 64
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "cdn_secret" {
  password_length     = 48
  exclude_punctuation = true
}

module "stack" {
  source = "../../stack"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
    aws.backup    = aws.backup
  }

  project     = var.project
  environment = local.environment

  secret_key               = ephemeral.aws_secretsmanager_random_password.secret_key.random_password
  api_key                  = ephemeral.aws_secretsmanager_random_password.api_key.random_password
  metrics_token            = ephemeral.aws_secretsmanager_random_password.metrics_token.random_password
  cache_auth_token         = ephemeral.aws_secretsmanager_random_password.cache_auth_token.random_password
  cdn_secret               = ephemeral.aws_secretsmanager_random_password.cdn_secret.random_password
  app_secret_version       = var.app_secret_version
  secret_key_version       = var.secret_key_version
  secret_key_in_use        = var.secret_key_in_use
  cache_auth_token_version = var.cache_auth_token_version
  cdn_secret_version       = var.cdn_secret_version

  domain               = var.domain
  create_zone          = var.create_zone
  zone_name            = var.zone_name
  enable_dnssec        = var.enable_dnssec
  enable_query_logging = var.enable_query_logging
  enable_health_check  = var.enable_health_check
  api_through_cdn      = var.api_through_cdn
  mail_from            = var.mail_from

  services           = var.services
  image_digest       = var.image_digest
  image_tag          = var.image_tag
  deploy_services    = var.deploy_services
  cpu_architecture   = var.cpu_architecture
  container_insights = var.container_insights
  stt_providers      = var.stt_providers
  llm_providers      = var.llm_providers
  tts_providers      = var.tts_providers

  cidr                = var.cidr
  zone_count          = var.zone_count
  availability_zones  = var.availability_zones
  nat_gateway_count   = var.nat_gateway_count
  interface_endpoints = var.interface_endpoints
  enable_waf          = var.enable_waf
  waf_counts_only     = var.waf_counts_only

  deletion_protection          = var.deletion_protection
  database_engine_version      = var.database_engine_version
  database_allow_major_upgrade = var.database_allow_major_upgrade
  database_apply_immediately   = var.database_apply_immediately
  restore_from_snapshot        = var.restore_from_snapshot
  backup_region                = var.backup_region
  database_instance_class      = var.database_instance_class
  database_storage_gb          = var.database_storage_gb
  database_max_connections     = var.database_max_connections
  database_multi_az            = var.database_multi_az
  backup_retention_days        = var.backup_retention_days
  cache_node_type              = var.cache_node_type
  cache_replica_count          = var.cache_replica_count
  secret_recovery_window_days  = var.secret_recovery_window_days
  log_retention_days           = var.log_retention_days

  alert_emails           = var.alert_emails
  monthly_budget_usd     = var.monthly_budget_usd
  enable_cloudtrail      = var.enable_cloudtrail
  enable_guardduty       = var.enable_guardduty
  enable_access_analyzer = var.enable_access_analyzer
  enable_config          = var.enable_config

  github_repository      = var.github_repository
  create_github_provider = var.create_github_provider
  state_bucket           = var.state_bucket
  state_kms_key_arn      = var.state_kms_key_arn
}
