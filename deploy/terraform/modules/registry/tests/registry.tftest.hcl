mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "voice-server-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "repository" {
  assert {
    condition     = aws_ecr_repository.main.image_tag_mutability == "IMMUTABLE"
    error_message = "A tag may never name another image later."
  }
  assert {
    condition     = aws_ecr_repository.main.image_scanning_configuration[0].scan_on_push
    error_message = "Images have to be scanned when they arrive."
  }
  assert {
    condition     = aws_ecr_repository.main.encryption_configuration[0].encryption_type == "KMS" && aws_ecr_repository.main.encryption_configuration[0].kms_key == var.kms_key_arn
    error_message = "Images have to be encrypted with the key."
  }
  assert {
    condition     = !aws_ecr_repository.main.force_delete
    error_message = "A repository that holds images has to resist deletion."
  }
}

run "what_is_kept" {
  assert {
    condition     = { for rule in jsondecode(aws_ecr_lifecycle_policy.main.policy).rules : rule.selection.tagStatus => rule.selection.countNumber } == { untagged = 7, tagged = 30 }
    error_message = "30 tagged images are kept, untagged ones for 7 days."
  }
}

run "unprotected" {
  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_ecr_repository.main.force_delete
    error_message = "Without protection the repository has to go with its images."
  }
}
