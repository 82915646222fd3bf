resource "aws_elasticache_subnet_group" "main" {
  name        = var.name
  description = "Cache of ${var.name}: no route out"
  subnet_ids  = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "main" {
  name        = "${var.name}-valkey${local.cache_major}"
  description = "Valkey ${local.cache_major} of ${var.name}"
  family      = "valkey${local.cache_major}"

  # A full cache refuses writes, which the server answers by writing to PostgreSQL. Evicting, the default, would drop
  # events of live conversations without a word.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "cache" {
  name              = "/elasticache/${var.name}/engine"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_secretsmanager_secret" "cache" {
  name                    = "${var.name}/cache"
  description             = "Password of the cache of ${var.name}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.secret_recovery_window_days
}

resource "aws_secretsmanager_secret_version" "cache" {
  secret_id                = aws_secretsmanager_secret.cache.id
  secret_string_wo         = var.cache_auth_token
  secret_string_wo_version = var.cache_auth_token_version
}

# The replication group has no write-only form of its password (provider 5.100), and takes no ephemeral value: it is
# read back here and therefore is in the state, which the backend encrypts. Everything else secret is not.
data "aws_secretsmanager_secret_version" "cache" {
  secret_id  = aws_secretsmanager_secret.cache.id
  version_id = aws_secretsmanager_secret_version.cache.version_id
}

locals {
  cache_major = split(".", var.cache_engine_version)[0]
}

resource "aws_elasticache_replication_group" "main" {
  replication_group_id = "${var.name}-cache"
  description          = "Cache of ${var.name}: leases, rate limits, events of live conversations"

  engine               = "valkey"
  engine_version       = var.cache_engine_version
  node_type            = var.cache_node_type
  port                 = var.cache_port
  parameter_group_name = aws_elasticache_parameter_group.main.name

  num_cache_clusters         = 1 + var.cache_replica_count
  automatic_failover_enabled = var.cache_replica_count > 0
  multi_az_enabled           = var.cache_replica_count > 0
  subnet_group_name          = aws_elasticache_subnet_group.main.name
  security_group_ids         = [var.cache_security_group_id]

  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = data.aws_secretsmanager_secret_version.cache.secret_string
  # Both passwords work until the next change, so that running tasks keep theirs.
  auth_token_update_strategy = "ROTATE"

  snapshot_retention_limit   = var.cache_snapshot_retention_days
  snapshot_window            = var.cache_snapshot_retention_days > 0 ? "03:00-04:00" : null
  maintenance_window         = "mon:05:30-mon:06:30"
  auto_minor_version_upgrade = true
  apply_immediately          = var.apply_immediately

  log_delivery_configuration {
    destination      = aws_cloudwatch_log_group.cache.name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "engine-log"
  }

  tags = { Name = "${var.name}-cache" }
}
