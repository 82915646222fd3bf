locals {
  config_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Deliver"
        Effect    = "Allow"
        Action    = ["s3:PutObject"]
        Resource  = "arn:${local.partition}:s3:::${var.logs_bucket}/config/AWSLogs/${local.account}/*"
        Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
      {
        Sid      = "CheckTheBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource = "arn:${local.partition}:s3:::${var.logs_bucket}"
      },
    ]
  })
}

resource "aws_iam_role" "config" {
  count = var.enable_config ? 1 : 0

  name        = "${var.name}-config"
  description = "AWS Config reads resources and writes their history"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "config.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "config" {
  count = var.enable_config ? 1 : 0

  role       = aws_iam_role.config[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWS_ConfigRole"
}

resource "aws_iam_role_policy" "config" {
  count = var.enable_config ? 1 : 0

  name   = "deliver"
  role   = aws_iam_role.config[0].id
  policy = local.config_policy
}

resource "aws_config_configuration_recorder" "this" {
  count = var.enable_config ? 1 : 0

  name     = var.name
  role_arn = aws_iam_role.config[0].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "this" {
  count = var.enable_config ? 1 : 0

  name           = var.name
  s3_bucket_name = var.logs_bucket
  s3_key_prefix  = "config"

  depends_on = [aws_config_configuration_recorder.this, aws_iam_role_policy.config]
}

resource "aws_config_configuration_recorder_status" "this" {
  count = var.enable_config ? 1 : 0

  name       = aws_config_configuration_recorder.this[0].name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.this]
}
