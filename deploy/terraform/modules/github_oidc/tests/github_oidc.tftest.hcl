mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                  = "voice-server-production"
  repository            = "example/voice-server"
  ecr_repository_arn    = "arn:aws:ecr:eu-central-1:123456789012:repository/voice-server"
  cluster_name          = "voice-server-production"
  service_arns          = ["arn:aws:ecs:eu-central-1:123456789012:service/voice-server-production/voice"]
  task_families         = ["voice-server-production-voice", "voice-server-production-migrate"]
  migrate_family        = "voice-server-production-migrate"
  passed_role_arns      = ["arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/task"]
  migrate_log_group_arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/voice-server-production/migrate"
  frontend_bucket_arn   = "arn:aws:s3:::frontend"
  distribution_arn      = "arn:aws:cloudfront::123456789012:distribution/EMOCK"
  kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/mock"
  cdn_secret_arn        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cdn"
  cache_secret_arn      = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache"
  state_bucket_arn      = "arn:aws:s3:::state"
  state_key             = "production/terraform.tfstate"
}

run "trust" {
  assert {
    condition = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:example/voice-server:environment:production"
      }
    }
    error_message = "Only the environment of the one repository deploys."
  }

  assert {
    condition     = jsondecode(aws_iam_role.plan[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/voice-server:pull_request"
    error_message = "Only its pull requests plan."
  }

  assert {
    condition     = jsondecode(aws_iam_role.drift[0].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/voice-server:ref:refs/heads/main"
    error_message = "Only its main branch looks for drift."
  }

  assert {
    condition     = length(regexall("\\*", join("", values(local.trust)))) == 0
    error_message = "No trust has a wildcard."
  }
}

run "permissions" {
  assert {
    condition = alltrue([for statement in concat(jsondecode(local.deploy_policy).Statement, jsondecode(local.drift_policy).Statement) :
      alltrue([for action in statement.Action : !strcontains(action, "*")]) &&
      (!contains(flatten([statement.Resource]), "*") || contains(["WithoutResource", "ReadDataSources", "ReadWithoutResource"], statement.Sid))
    ])
    error_message = "Every permission names what it is for, but where AWS has no such form."
  }

  assert {
    condition = one([for statement in jsondecode(local.deploy_policy).Statement : statement if statement.Sid == "PassRolesOfTheTasks"]) == {
      Sid       = "PassRolesOfTheTasks"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = ["arn:aws:iam::123456789012:role/execution", "arn:aws:iam::123456789012:role/task"]
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    }
    error_message = "A deployment passes the tasks' roles, to tasks."
  }

  assert {
    condition = alltrue([for statement in jsondecode(local.drift_policy).Statement : alltrue([
      for action in statement.Action : can(regex(":(Get|List|Describe|View|Decrypt)", action))
    ])]) && slice(jsondecode(local.drift_policy).Statement, 0, length(local.plan_statements)) == jsondecode(local.plan_policy).Statement
    error_message = "A plan reads, and who looks for drift reads more."
  }

  assert {
    condition     = length(local.drift_policy) <= 10240
    error_message = "AWS takes policies of a role of at most 10,240 characters."
  }

  assert {
    condition = !strcontains(local.deploy_policy, "secretsmanager") && flatten([
      for statement in jsondecode(local.drift_policy).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")
    ]) == [var.cache_secret_arn, var.cdn_secret_arn]
    error_message = "Deployments read no secret, plans the two that the state holds."
  }
}

run "without_a_state_bucket" {
  variables {
    create_provider  = false
    state_bucket_arn = ""
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && output.plan_role_arn == null && output.drift_role_arn == null
    error_message = "What exists is not made again."
  }
}

run "refuses_a_wildcard" {
  command = plan
  variables {
    repository = "example/*"
  }
  expect_failures = [var.repository]
}
