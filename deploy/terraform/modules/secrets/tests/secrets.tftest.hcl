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
    condition     = keys(aws_secretsmanager_secret.secret_key) == ["odd"] && aws_secretsmanager_secret.secret_key["odd"].name == "voice-server-test/secret-key-odd" && length(output.secret_key_arns) == 1
    error_message = "There is one SECRET_KEY, and none before it."
  }
  assert {
    condition     = alltrue([for secret in values(aws_secretsmanager_secret.secret_key) : secret.kms_key_id == var.kms_key_arn && secret.recovery_window_in_days == 30])
    error_message = "A SECRET_KEY is kept as the others are."
  }
  assert {
    condition     = alltrue([for version in [aws_secretsmanager_secret_version.app, aws_secretsmanager_secret_version.secret_key["odd"], aws_secretsmanager_secret_version.providers] : version.secret_string_wo == null && version.secret_string_wo_version == 1])
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

run "a_second_secret_key" {
  variables {
    secret_key_version = 2
  }

  assert {
    condition     = { for place, version in aws_secretsmanager_secret_version.secret_key : place => version.secret_string_wo_version } == { odd = 1, even = 2 }
    error_message = "The second is written beside the first."
  }
  assert {
    condition     = local.in_use == "odd" && local.beside == "even" && length(output.secret_key_arns) == 2
    error_message = "The first stays in use until every task knows the second."
  }
}

run "is_used" {
  variables {
    secret_key_version = 2
    secret_key_in_use  = 2
  }

  assert {
    condition     = { for place, version in aws_secretsmanager_secret_version.secret_key : place => version.secret_string_wo_version } == { odd = 1, even = 2 }
    error_message = "Using a key writes none."
  }
  assert {
    condition     = local.in_use == "even" && local.beside == "odd"
    error_message = "The one before stays known."
  }
}

run "a_third_takes_the_place_of_the_first" {
  variables {
    secret_key_version = 3
    secret_key_in_use  = 2
  }

  assert {
    condition     = { for place, version in aws_secretsmanager_secret_version.secret_key : place => version.secret_string_wo_version } == { odd = 3, even = 2 } && local.in_use == "even"
    error_message = "The one in use is never written over."
  }
}

run "both_at_once" {
  variables {
    secret_key_version = 4
    secret_key_in_use  = 4
  }

  assert {
    condition     = { for place, version in aws_secretsmanager_secret_version.secret_key : place => version.secret_string_wo_version } == { odd = 3, even = 4 } && local.in_use == "even"
    error_message = "Two steps at once leave nothing of keys that leaked."
  }
}

run "a_key_that_is_gone" {
  command = plan

  variables {
    secret_key_version = 4
    secret_key_in_use  = 2
  }

  expect_failures = [var.secret_key_in_use]
}

run "a_key_that_is_to_come" {
  command = plan

  variables {
    secret_key_version = 1
    secret_key_in_use  = 2
  }

  expect_failures = [var.secret_key_in_use]
}

run "no_key_at_all" {
  command = plan

  variables {
    secret_key_version = 0.5
    secret_key_in_use  = 0.5
  }

  expect_failures = [var.secret_key_version]
}

run "window_that_aws_refuses" {
  command = plan

  variables {
    recovery_window_days = 3
  }

  expect_failures = [var.recovery_window_days]
}
