# The backups themselves, with their log, so that the other region can restore any moment too.
resource "aws_db_instance_automated_backups_replication" "main" {
  count    = var.copy_backups ? 1 : 0
  provider = aws.backup

  source_db_instance_arn = aws_db_instance.main.arn
  kms_key_id             = var.backup_kms_key_arn
  retention_period       = var.backup_retention_days
}
