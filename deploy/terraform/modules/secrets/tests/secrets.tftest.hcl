mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "voice-server-test"
  kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  secret_key    = "0123456789abcdef0123456789abcdef"
  api_key       = "fedcba9876543210fedcba9876543210"
  metrics_token = "00112233445566778899aabbccddeeff"
}

run "secrets" {
  assert {
    condition     = aws_secretsmanager_secret.app.name == "voice-server-test/app" && aws_secretsmanager_secret.providers.name == "voice-server-test/providers"
    error_message = "The secrets have to be NAME/app and NAME/providers."
  }
  assert {
    condition     = alltrue([for secret in [aws_secretsmanager_secret.app, aws_secretsmanager_secret.providers] : secret.kms_key_id == var.kms_key_arn && secret.recovery_window_in_days == 30])
    error_message = "Secrets have to be encrypted with the key and come back for 30 days."
  }
  assert {
    condition     = alltrue([for version in [aws_secretsmanager_secret_version.app, aws_secretsmanager_secret_version.providers] : version.secret_string_wo == null && version.secret_string_wo_version == 1])
    error_message = "Values have to be write-only."
  }
}

run "new_values" {
  variables {
    app_secret_version = 2
  }

  assert {
    condition     = aws_secretsmanager_secret_version.app.secret_string_wo_version == 2 && aws_secretsmanager_secret_version.providers.secret_string_wo_version == 1
    error_message = "A new version replaces the server's own secrets and never what people put in."
  }
}

run "window_that_aws_refuses" {
  command = plan

  variables {
    recovery_window_days = 3
  }

  expect_failures = [var.recovery_window_days]
}
