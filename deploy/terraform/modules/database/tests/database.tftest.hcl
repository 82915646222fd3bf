mock_provider "aws" {
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "backup"
  source = "../../mocks"
}

variables {
  name                       = "voice-server-test"
  subnet_ids                 = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  database_security_group_id = "sg-0123456789abcdef0"
  cache_security_group_id    = "sg-0123456789abcdef1"
  kms_key_arn                = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  cache_auth_token           = "0123456789abcdef0123456789abcdef"
}

run "defaults" {
  assert {
    condition     = aws_db_instance.main.manage_master_user_password && aws_db_instance.main.password == null
    error_message = "RDS has to keep the master password: none in Terraform."
  }
  assert {
    condition     = aws_db_instance.main.storage_encrypted && aws_db_instance.main.kms_key_id == var.kms_key_arn && !aws_db_instance.main.publicly_accessible
    error_message = "The database has to be encrypted and private."
  }
  assert {
    condition     = aws_db_instance.main.multi_az && aws_db_instance.main.deletion_protection && !aws_db_instance.main.skip_final_snapshot && aws_db_instance.main.backup_retention_period == 7 && !aws_db_instance.main.delete_automated_backups
    error_message = "By default the database stands in two zones, is backed up for 7 days and resists deletion."
  }
  assert {
    condition     = aws_db_instance.main.iam_database_authentication_enabled
    error_message = "The server signs in by IAM."
  }
  assert {
    condition     = aws_db_instance.main.engine == "postgres" && aws_db_instance.main.engine_version == "17" && aws_db_parameter_group.main.family == "postgres17"
    error_message = "The parameter group has to be of the engine's version."
  }
  assert {
    condition = { for parameter in aws_db_parameter_group.main.parameter : parameter.name => parameter.value } == {
      "rds.force_ssl"              = "1"
      "log_min_duration_statement" = "1000"
      "log_statement"              = "ddl"
      "log_parameter_max_length"   = "0"
    }
    error_message = "TLS is forced; slow statements are logged, without what people said."
  }
  assert {
    condition     = toset([for group in aws_cloudwatch_log_group.database : group.name]) == toset(["/aws/rds/instance/voice-server-test/postgresql", "/aws/rds/instance/voice-server-test/upgrade"])
    error_message = "The groups that RDS writes to have to exist before, or they have no retention."
  }
  assert {
    condition     = alltrue([for group in concat(values(aws_cloudwatch_log_group.database), [aws_cloudwatch_log_group.cache]) : group.retention_in_days == 30 && group.kms_key_id == var.kms_key_arn])
    error_message = "Logs have to be encrypted and to end."
  }
  assert {
    condition     = aws_elasticache_replication_group.main.at_rest_encryption_enabled && aws_elasticache_replication_group.main.transit_encryption_enabled && aws_elasticache_replication_group.main.transit_encryption_mode == "required"
    error_message = "The cache has to be encrypted, in rest and on the way."
  }
  assert {
    condition     = aws_elasticache_replication_group.main.num_cache_clusters == 2 && aws_elasticache_replication_group.main.multi_az_enabled && aws_elasticache_replication_group.main.automatic_failover_enabled
    error_message = "By default a replica in another zone takes over."
  }
  assert {
    condition     = aws_elasticache_parameter_group.main.family == "valkey8" && { for parameter in aws_elasticache_parameter_group.main.parameter : parameter.name => parameter.value } == { maxmemory-policy = "noeviction" }
    error_message = "A full cache has to refuse, not to forget."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.cache.secret_string_wo == null && aws_elasticache_replication_group.main.auth_token == data.aws_secretsmanager_secret_version.cache.secret_string
    error_message = "The password of the cache comes out of its secret."
  }
}

run "connections_by_the_class" {
  assert {
    condition     = output.max_connections == 80
    error_message = "A db.t4g.micro takes about 80."
  }
}

run "connections_of_a_larger_class" {
  command = plan
  variables {
    instance_class = "db.r7g.2xlarge"
  }
  assert {
    condition     = output.max_connections == 5000
    error_message = "RDS gives no more than 5,000."
  }
}

run "connections_of_an_unknown_class" {
  command = plan
  variables {
    instance_class  = "db.x2g.large"
    max_connections = 2000
  }
  assert {
    condition     = output.max_connections == 2000
    error_message = "Who says how many is believed."
  }
}

run "a_class_of_unknown_connections" {
  command = plan
  variables {
    instance_class = "db.x2g.large"
  }
  expect_failures = [var.instance_class]
}

# After "defaults" has made the database empty.
run "a_snapshot_that_comes_later" {
  variables {
    restore_from_snapshot = "voice-server-test-before-0065"
  }
  assert {
    condition     = aws_db_instance.main.snapshot_identifier != var.restore_from_snapshot && aws_db_instance.main.resource_id == run.defaults.database_resource_id
    error_message = "What is there is not replaced by a snapshot."
  }
}

run "made_of_a_snapshot" {
  command   = plan
  state_key = "restored"
  variables {
    name                  = "voice-server-restored"
    restore_from_snapshot = "voice-server-test-before-0065"
  }
  assert {
    condition     = aws_db_instance.main.snapshot_identifier == "voice-server-test-before-0065"
    error_message = "A database that is not there yet can be made of a snapshot."
  }
}

run "a_new_major_version" {
  variables {
    engine_version              = "18"
    allow_major_version_upgrade = true
    apply_immediately           = true
  }
  assert {
    condition     = aws_db_instance.main.allow_major_version_upgrade && aws_db_instance.main.apply_immediately && aws_db_instance.main.engine_version == "18" && aws_db_parameter_group.main.family == "postgres18"
    error_message = "A new major version is two switches and its number."
  }
}

run "copies_in_another_region" {
  variables {
    copy_backups       = true
    backup_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
  assert {
    condition     = one(aws_db_instance_automated_backups_replication.main).kms_key_id == var.backup_kms_key_arn && one(aws_db_instance_automated_backups_replication.main).retention_period == 7
    error_message = "Copies have the key of their region, and end as the backups do."
  }
}

run "no_copies_as_it_comes" {
  assert {
    condition     = length(aws_db_instance_automated_backups_replication.main) == 0
    error_message = "Copies are a choice."
  }
}

run "small_and_unprotected" {
  variables {
    multi_az                     = false
    deletion_protection          = false
    cache_replica_count          = 0
    monitoring_interval_seconds  = 0
    performance_insights_enabled = false
    secret_recovery_window_days  = 0
  }

  assert {
    condition     = aws_db_instance.main.skip_final_snapshot && aws_db_instance.main.delete_automated_backups && !aws_db_instance.main.deletion_protection
    error_message = "Without protection nothing of the database may stay."
  }
  assert {
    condition     = aws_elasticache_replication_group.main.num_cache_clusters == 1 && !aws_elasticache_replication_group.main.automatic_failover_enabled && !aws_elasticache_replication_group.main.multi_az_enabled
    error_message = "One node alone cannot fail over."
  }
  assert {
    condition     = length(aws_iam_role.monitoring) == 0 && aws_db_instance.main.monitoring_interval == 0
    error_message = "Without monitoring there is no role for it."
  }
}

run "refused_values" {
  command = plan

  variables {
    engine_version              = "15.4"
    backup_retention_days       = 0
    max_allocated_storage_gb    = 20
    monitoring_interval_seconds = 7
    cache_replica_count         = 6
    secret_recovery_window_days = 1
  }

  expect_failures = [
    var.engine_version, var.backup_retention_days, var.max_allocated_storage_gb, var.monitoring_interval_seconds,
    var.cache_replica_count, var.secret_recovery_window_days,
  ]
}
