locals {
  logs_arn = "arn:${local.partition}:s3:::${local.buckets.logs}"

  alb_log_prefix   = "alb"
  trail_log_prefix = "cloudtrail"
  cdn_log_prefix   = "cloudfront"

  frontend_statements = var.frontend_distribution_arn == null ? [] : [{
    Sid       = "DistributionReads"
    Effect    = "Allow"
    Principal = { Service = "cloudfront.amazonaws.com" }
    Action    = "s3:GetObject"
    Resource  = "arn:${local.partition}:s3:::${local.buckets.frontend}/*"
    Condition = { StringEquals = { "aws:SourceArn" = var.frontend_distribution_arn } }
  }]

  # One statement a bucket, each to its own prefix: no bucket can write what looks like another's log.
  access_log_statements = [
    for purpose in ["assets", "backups", "frontend"] : {
      Sid       = "AccessLogOf${title(purpose)}"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.logs_arn}/s3/${local.buckets[purpose]}/*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:s3:::${local.buckets[purpose]}" }
      }
    }
  ]

  alb_log_statement = {
    # Elastic Load Balancing names no source in its requests; the account in the path is what binds them.
    Sid       = "LoadBalancerWrites"
    Effect    = "Allow"
    Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.logs_arn}/${local.alb_log_prefix}/AWSLogs/${local.account}/*"
  }

  cdn_log_statement = {
    Sid       = "CdnLogDeliveryWrites"
    Effect    = "Allow"
    Principal = { Service = "delivery.logs.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.logs_arn}/${local.cdn_log_prefix}/*"
    Condition = {
      StringEquals = { "aws:SourceAccount" = local.account, "s3:x-amz-acl" = "bucket-owner-full-control" }
      # CloudFront's logs are delivered from us-east-1, wherever the rest is.
      ArnLike = { "aws:SourceArn" = "arn:${local.partition}:logs:us-east-1:${local.account}:delivery-source:*" }
    }
  }

  trail_arn = var.trail_name == null ? null : "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${var.trail_name}"

  trail_statements = var.trail_name == null ? [] : [
    {
      Sid       = "TrailChecksTheBucket"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = local.logs_arn
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.logs_arn}/${local.trail_log_prefix}/AWSLogs/${local.account}/*"
      Condition = {
        StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" }
      }
    },
  ]

  log_statements = concat(
    [local.alb_log_statement, local.cdn_log_statement],
    local.access_log_statements,
    local.trail_statements,
  )
}
