output "database_identifier" {
  description = "Name of the instance, for alarms and backups."
  value       = aws_db_instance.main.identifier
}

output "database_address" {
  description = "Host name of PostgreSQL."
  value       = aws_db_instance.main.address
}

output "database_port" {
  description = "Port of PostgreSQL."
  value       = aws_db_instance.main.port
}

output "database_name" {
  description = "Name of the database inside the instance."
  value       = aws_db_instance.main.db_name
}

output "database_resource_id" {
  description = "Id of the instance in the ARNs that rds-db:connect is granted on."
  value       = aws_db_instance.main.resource_id
}

output "max_connections" {
  description = "Connections that the instance takes."
  value       = local.max_connections
}

output "master_secret_arn" {
  description = "Secret that RDS keeps and rotates: JSON with username and password of the master user. For migrations only."
  value       = one(aws_db_instance.main.master_user_secret[*].secret_arn)
}

output "cache_id" {
  description = "Id of the replication group."
  value       = aws_elasticache_replication_group.main.id
}

output "cache_node_ids" {
  description = "Ids of its nodes (`CacheClusterId` in alarms)."
  value       = aws_elasticache_replication_group.main.member_clusters
}

output "cache_primary_address" {
  description = "Host name of the node that takes writes; it stays when another node takes over."
  value       = aws_elasticache_replication_group.main.primary_endpoint_address
}

output "cache_port" {
  description = "Port of the cache."
  value       = aws_elasticache_replication_group.main.port
}

output "cache_secret_arn" {
  description = "Secret whose whole value is the password of the cache (no JSON)."
  value       = aws_secretsmanager_secret.cache.arn
}
