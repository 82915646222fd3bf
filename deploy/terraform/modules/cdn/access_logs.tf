# Access logs by CloudWatch's log delivery, which needs no access control lists on the bucket, unlike CloudFront's own.

locals {
  logged_distributions = var.enable_access_logs ? merge(
    { dashboard = aws_cloudfront_distribution.dashboard.arn },
    var.serve_api ? { api = aws_cloudfront_distribution.api[0].arn } : {},
  ) : {}
}

resource "aws_cloudwatch_log_delivery_source" "this" {
  for_each = local.logged_distributions
  provider = aws.us_east_1

  name         = "${var.name}-${each.key}"
  log_type     = "ACCESS_LOGS"
  resource_arn = each.value
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  count    = var.enable_access_logs ? 1 : 0
  provider = aws.us_east_1

  name          = "${var.name}-cloudfront"
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = "${var.access_logs_bucket_arn}/${var.access_logs_prefix}"
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  for_each = local.logged_distributions
  provider = aws.us_east_1

  delivery_source_name     = aws_cloudwatch_log_delivery_source.this[each.key].name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this[0].arn

  s3_delivery_configuration {
    enable_hive_compatible_path = false
    suffix_path                 = "${each.key}/{yyyy}/{MM}/{dd}"
  }
}
