mock_provider "aws" {
  source = "../mocks"
}

run "state" {
  assert {
    condition     = aws_kms_key.state.enable_key_rotation
    error_message = "The key has to rotate."
  }
  assert {
    condition     = jsondecode(output.bucket_policy).Statement[0].Sid == "OnlyOverTls"
    error_message = "The states have to refuse what comes without TLS."
  }
  assert {
    condition     = local.bucket == "voice-server-terraform-state-123456789012"
    error_message = "The name of the bucket has to be findable."
  }
  assert {
    condition     = alltrue([for line in ["use_lockfile = true", "encrypt      = true", "region       = \"us-east-1\""] : strcontains(output.backend_hcl, line)])
    error_message = "The backend has to lock and to encrypt."
  }
}

run "name_that_does_not_fit" {
  command = plan

  variables {
    project = "Voice Server"
  }

  expect_failures = [var.project]
}
