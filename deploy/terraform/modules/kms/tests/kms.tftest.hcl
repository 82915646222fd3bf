mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "voice-server-test"
}

run "key" {
  assert {
    condition     = aws_kms_key.main.enable_key_rotation
    error_message = "The key has to rotate."
  }
  assert {
    condition     = aws_kms_alias.main.name == "alias/voice-server-test"
    error_message = "The alias has to be the name of the environment."
  }
  assert {
    condition     = output.key_arn == aws_kms_key.main.arn
    error_message = "key_arn has to be the ARN of the key."
  }
}

run "policy" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.main.policy).Statement :
      can(statement.Condition) || contains(["AccountDecidesByIam", "EventsReachTheEncryptedTopic"], statement.Sid)
    ])
    error_message = "Every service needs a condition, but for EventBridge, which sends nothing to put one on."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.main.policy).Statement :
      statement.Action != "kms:*" || statement.Principal == { AWS = "arn:aws:iam::123456789012:root" }
    ])
    error_message = "Only the account itself may do everything with the key."
  }
  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_kms_key.main.policy).Statement : try(statement.Principal.Service, [])
      ])) == toset([
      "logs.eu-central-1.amazonaws.com", "cloudtrail.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com",
      "events.amazonaws.com", "cloudfront.amazonaws.com",
    ])
    error_message = "These services use the key, and no others."
  }
  assert {
    condition = strcontains(
      aws_kms_key.main.policy, "arn:aws:cloudtrail:eu-central-1:123456789012:trail/voice-server-test*"
    )
    error_message = "Only the trail of this environment may encrypt with the key."
  }
}

run "deletion_window_that_aws_refuses" {
  command = plan

  variables {
    deletion_window_days = 3
  }

  expect_failures = [var.deletion_window_days]
}
