mock_provider "aws" {
  source = "../../../mocks"
}

variables {
  bucket          = "voice-server-test-assets"
  noncurrent_days = 7
}

run "private_and_forgetting" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    access_log  = { bucket = "voice-server-test-logs", prefix = "s3/voice-server-test-assets/" }
    statements  = [{ Sid = "More", Effect = "Allow", Principal = { Service = "cloudfront.amazonaws.com" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::voice-server-test-assets/*" }]
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.main.block_public_acls && aws_s3_bucket_public_access_block.main.block_public_policy && aws_s3_bucket_public_access_block.main.ignore_public_acls && aws_s3_bucket_public_access_block.main.restrict_public_buckets
    error_message = "All four ways of making it public have to be closed."
  }
  assert {
    condition     = aws_s3_bucket_versioning.main.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_ownership_controls.main.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "Versions have to be kept, and ACLs to be off."
  }
  assert {
    condition     = one(flatten([for rule in aws_s3_bucket_server_side_encryption_configuration.main.rule : rule.apply_server_side_encryption_by_default[*].sse_algorithm])) == "aws:kms"
    error_message = "With a key, objects have to be encrypted with it."
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.main.policy).Statement : statement.Sid] == ["OnlyOverTls", "More"]
    error_message = "The policy refuses what comes without TLS, and has the statements that were given."
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.main.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.main.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && length(jsondecode(aws_s3_bucket_policy.main.policy).Statement[0].Resource) == 2
    error_message = "TLS has to be asked for, of bucket and objects."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.main.rule[0].noncurrent_version_expiration[0].noncurrent_days == 7 && aws_s3_bucket_lifecycle_configuration.main.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 1
    error_message = "Versions nobody sees any more and unfinished uploads have to go."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.main.rule[0].expiration[0].expired_object_delete_marker
    error_message = "Markers of deletion have to go with what they marked."
  }
  assert {
    condition     = aws_s3_bucket_logging.main[0].target_prefix == "s3/voice-server-test-assets/"
    error_message = "The access log has to go where it was asked for."
  }
  assert {
    condition     = !aws_s3_bucket.main.force_destroy
    error_message = "A bucket that holds something has to resist deletion."
  }
}

run "without_key_and_with_end" {
  variables {
    expiration_days = 90
    force_destroy   = true
  }

  assert {
    condition     = one(flatten([for rule in aws_s3_bucket_server_side_encryption_configuration.main.rule : rule.apply_server_side_encryption_by_default[*].sse_algorithm])) == "AES256"
    error_message = "Without a key S3's own encrypts."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.main.rule[0].expiration[0].days == 90
    error_message = "Objects have to go after the days that were asked for."
  }
  assert {
    condition     = length(aws_s3_bucket_logging.main) == 0
    error_message = "Without a target there is no access log."
  }
}
