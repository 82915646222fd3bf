mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "voice-server-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "policies" {
  variables {
    trail_name                = "voice-server-test"
    frontend_distribution_arn = "arn:aws:cloudfront::123456789012:distribution/E1234567890ABC"
  }

  assert {
    condition = alltrue([
      for policy in [module.assets.policy, module.backups.policy, module.frontend.policy, module.logs.policy] :
      jsondecode(policy).Statement[0].Sid == "OnlyOverTls"
    ])
    error_message = "Every bucket has to refuse what comes without TLS."
  }
  assert {
    condition     = length(distinct([output.assets_bucket_arn, output.backups_bucket_arn, output.frontend_bucket_arn, output.logs_bucket_arn])) == 4
    error_message = "Four purposes, four buckets."
  }
  assert {
    condition     = alltrue([for policy in [module.assets.policy, module.backups.policy] : length(jsondecode(policy).Statement) == 1])
    error_message = "Recordings and backups are opened to nobody by policy: IAM alone decides."
  }
  assert {
    condition     = jsondecode(module.frontend.policy).Statement[1].Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudfront::123456789012:distribution/E1234567890ABC" && jsondecode(module.frontend.policy).Statement[1].Action == "s3:GetObject"
    error_message = "Only the one distribution may read the frontend."
  }
  assert {
    condition = { for statement in jsondecode(module.logs.policy).Statement : statement.Sid => statement.Resource if statement.Effect == "Allow" } == {
      LoadBalancerWrites   = "arn:aws:s3:::voice-server-test-logs-123456789012/alb/AWSLogs/123456789012/*"
      CdnLogDeliveryWrites = "arn:aws:s3:::voice-server-test-logs-123456789012/cloudfront/*"
      AccessLogOfAssets    = "arn:aws:s3:::voice-server-test-logs-123456789012/s3/voice-server-test-assets-123456789012/*"
      AccessLogOfBackups   = "arn:aws:s3:::voice-server-test-logs-123456789012/s3/voice-server-test-backups-123456789012/*"
      AccessLogOfFrontend  = "arn:aws:s3:::voice-server-test-logs-123456789012/s3/voice-server-test-frontend-123456789012/*"
      TrailChecksTheBucket = "arn:aws:s3:::voice-server-test-logs-123456789012"
      TrailWrites          = "arn:aws:s3:::voice-server-test-logs-123456789012/cloudtrail/AWSLogs/123456789012/*"
    }
    error_message = "Everybody who logs has to have a prefix of their own, and nothing else."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(module.logs.policy).Statement : can(statement.Condition) || statement.Sid == "LoadBalancerWrites"
    ])
    error_message = "Everybody who logs has to be bound to this account."
  }
}

run "without_trail_and_cdn" {
  command = plan

  assert {
    condition     = length(jsondecode(module.frontend.policy).Statement) == 1 && !strcontains(module.logs.policy, "cloudtrail")
    error_message = "Whoever does not exist may do nothing."
  }
}

run "kept_for_longer_than_erasure_promises" {
  command = plan

  variables {
    backup_days = 28
  }

  expect_failures = [var.backup_days]
}

run "versions_kept_for_longer_than_erasure_promises" {
  command = plan

  variables {
    noncurrent_days = 30
    backup_days     = 1
  }

  expect_failures = [var.noncurrent_days]
}
