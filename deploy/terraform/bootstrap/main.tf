# Where the states of the environments live. Run once by an administrator, with its own state on that machine: what it
# makes is few and named, so that `terraform import` brings a lost state back.

provider "aws" {
  region = var.region

  default_tags {
    tags = { Project = var.project, ManagedBy = "terraform" }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  bucket  = "${var.project}-terraform-state-${local.account}"

  key_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDecidesByIam"
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  }
}

# A key of its own: states hold the password of the cache, and outlive the environments and their keys.
resource "aws_kms_key" "state" {
  description             = "Terraform states of ${var.project}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = jsonencode(local.key_policy)

  tags = { Name = "${var.project}-terraform-state" }
}

resource "aws_kms_alias" "state" {
  name          = "alias/${var.project}-terraform-state"
  target_key_id = aws_kms_key.state.key_id
}

# Locks are objects beside the states (use_lockfile), so there is no table.
module "state" {
  source = "../modules/storage/bucket"

  bucket          = local.bucket
  kms_key_arn     = aws_kms_key.state.arn
  noncurrent_days = var.noncurrent_days
}
