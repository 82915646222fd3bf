mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "voice-server-production"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/mock"
  logs_bucket = "logs"
  topic_arn   = "arn:aws:sns:eu-central-1:123456789012:mock"
}

run "defaults" {
  assert {
    condition = (
      aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].enable_log_file_validation &&
      aws_cloudtrail.this[0].kms_key_id == var.kms_key_arn && aws_cloudtrail.this[0].s3_key_prefix == "cloudtrail"
    )
    error_message = "Every region, validated and encrypted."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.finding[0].event_pattern).detail.severity[0].numeric == [">=", 4]
    error_message = "Findings of some weight are told."
  }

  assert {
    condition     = length(aws_config_configuration_recorder.this) == 0 && length(aws_accessanalyzer_analyzer.this) == 1
    error_message = "Config is asked for."
  }
}

run "where_the_account_has_them_already" {
  variables {
    enable_cloudtrail      = false
    enable_guardduty       = false
    enable_access_analyzer = false
    enable_config          = true
  }

  assert {
    condition     = output.trail_arn == null && output.detector_id == null && length(aws_accessanalyzer_analyzer.this) == 0
    error_message = "Each can be off."
  }

  assert {
    condition     = aws_config_delivery_channel.this[0].s3_key_prefix == "config" && aws_config_configuration_recorder_status.this[0].is_enabled
    error_message = "Config records and delivers."
  }
}
