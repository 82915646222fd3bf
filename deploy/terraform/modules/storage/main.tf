data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # Names of buckets are unique in the world; the account makes them so and tells nobody anything secret.
  buckets = { for purpose in ["assets", "backups", "frontend", "logs"] : purpose => "${var.name}-${purpose}-${local.account}" }
}

module "assets" {
  source = "./bucket"

  bucket          = local.buckets.assets
  kms_key_arn     = var.kms_key_arn
  force_destroy   = !var.deletion_protection
  noncurrent_days = var.noncurrent_days
  access_log      = { bucket = module.logs.bucket, prefix = "s3/${local.buckets.assets}/" }
}

module "backups" {
  source = "./bucket"

  bucket          = local.buckets.backups
  kms_key_arn     = var.kms_key_arn
  force_destroy   = !var.deletion_protection
  noncurrent_days = var.noncurrent_days
  expiration_days = var.backup_days
  access_log      = { bucket = module.logs.bucket, prefix = "s3/${local.buckets.backups}/" }
}

module "frontend" {
  source = "./bucket"

  bucket          = local.buckets.frontend
  kms_key_arn     = var.kms_key_arn
  force_destroy   = !var.deletion_protection
  noncurrent_days = var.noncurrent_days
  access_log      = { bucket = module.logs.bucket, prefix = "s3/${local.buckets.frontend}/" }
  statements      = local.frontend_statements
}

# Encrypted with S3's own key: load balancers can write to nothing else. It keeps no access log of itself, which would
# grow by its own growth.
module "logs" {
  source = "./bucket"

  bucket          = local.buckets.logs
  force_destroy   = !var.deletion_protection
  noncurrent_days = var.noncurrent_days
  expiration_days = var.log_days
  statements      = local.log_statements
}
