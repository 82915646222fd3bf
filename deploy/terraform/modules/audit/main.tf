data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
}

resource "aws_cloudtrail" "this" {
  count = var.enable_cloudtrail ? 1 : 0

  name                          = var.name
  s3_bucket_name                = var.logs_bucket
  s3_key_prefix                 = var.trail_log_prefix
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = var.kms_key_arn
}

resource "aws_guardduty_detector" "this" {
  count = var.enable_guardduty ? 1 : 0

  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_cloudwatch_event_rule" "finding" {
  count = var.enable_guardduty ? 1 : 0

  name        = "${var.name}-guardduty-finding"
  description = "GuardDuty found something of severity ${var.minimum_severity} or more"

  event_pattern = jsonencode({
    source      = ["aws.guardduty"]
    detail-type = ["GuardDuty Finding"]
    detail      = { severity = [{ numeric = [">=", var.minimum_severity] }] }
  })
}

resource "aws_cloudwatch_event_target" "finding" {
  count = var.enable_guardduty ? 1 : 0

  rule = aws_cloudwatch_event_rule.finding[0].name
  arn  = var.topic_arn
}

resource "aws_accessanalyzer_analyzer" "this" {
  count = var.enable_access_analyzer ? 1 : 0

  analyzer_name = var.name
  type          = "ACCOUNT"
}
