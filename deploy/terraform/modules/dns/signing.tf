# Signing and query log of the zone; the key and the log group have to be in us-east-1.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account       = data.aws_caller_identity.current.account_id
  partition     = data.aws_partition.current.partition
  query_log_arn = "arn:${local.partition}:logs:us-east-1:${local.account}:log-group:/aws/route53/${var.domain}"
}

resource "aws_kms_key" "dnssec" {
  count    = var.enable_dnssec ? 1 : 0
  provider = aws.us_east_1

  description              = "Signs the zone of ${var.domain}"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Route53Signs"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "Route53Grants"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:CreateGrant"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
        }
      },
    ]
  })
}

resource "aws_route53_key_signing_key" "this" {
  count = var.enable_dnssec ? 1 : 0

  name                       = replace(var.name, "-", "_")
  hosted_zone_id             = local.zone_id
  key_management_service_arn = aws_kms_key.dnssec[0].arn
}

resource "aws_route53_hosted_zone_dnssec" "this" {
  count = var.enable_dnssec ? 1 : 0

  hosted_zone_id = aws_route53_key_signing_key.this[0].hosted_zone_id
}

resource "aws_cloudwatch_log_group" "queries" {
  count    = var.enable_query_logging ? 1 : 0
  provider = aws.us_east_1

  name              = "/aws/route53/${var.domain}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.query_log_kms_key_arn
}

resource "aws_cloudwatch_log_resource_policy" "queries" {
  count    = var.enable_query_logging ? 1 : 0
  provider = aws.us_east_1

  policy_name = "${var.name}-route53-queries"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.query_log_arn}:*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_route53_query_log" "this" {
  count = var.enable_query_logging ? 1 : 0

  zone_id                  = local.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.queries[0].arn

  depends_on = [aws_cloudwatch_log_resource_policy.queries]
}
