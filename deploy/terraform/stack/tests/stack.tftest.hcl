# Plans only, which show that the modules fit together; what each makes is tested with the module.

mock_provider "aws" {
  source = "../mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../mocks"
}

mock_provider "aws" {
  alias  = "backup"
  source = "../mocks"
}

variables {
  environment      = "production"
  domain           = "example.com"
  secret_key       = "0123456789abcdef0123456789abcdef0123456789abcdef"
  api_key          = "0123456789abcdef0123456789abcdef01234567"
  metrics_token    = "0123456789abcdef0123456789abcdef01234567"
  cache_auth_token = "0123456789abcdef0123456789abcdef"
  cdn_secret       = "0123456789abcdef0123456789abcdef"

  services = {
    voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10 }
    api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
  }
  image_digest      = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  deploy_services   = true
  github_repository = "example/voice-server"
  state_bucket      = "states"

  # Most of what a plan takes on mocks: in the first, and in none that is about something else.
  enable_waf = false
}

run "addresses" {
  command = plan

  variables {
    enable_waf = true
  }

  assert {
    condition = output.addresses == {
      api       = "https://api.example.com"
      realtime  = "wss://api.example.com/v1/realtime"
      webhook   = "https://webhook.example.com"
      dashboard = "https://dashboard.example.com"
      health    = "https://api.example.com/health"
    }
    error_message = "The addresses are of the domain."
  }

  assert {
    condition     = output.name == "voice-server-production" && output.cluster_name == "voice-server-production"
    error_message = "Everything is called by project and environment."
  }

  assert {
    condition     = toset(output.service_names) == toset(["api", "voice"]) && toset(keys(output.task_families)) == toset(["api", "migrate", "voice"])
    error_message = "Two services, and the migration."
  }

  assert {
    condition     = toset(keys(output.buckets)) == toset(["assets", "backups", "frontend", "logs"])
    error_message = "Four buckets."
  }

  assert {
    condition     = length(module.github_oidc) == 1
    error_message = "GitHub has its roles."
  }
}

run "nothing_before_an_image" {
  command = plan

  variables {
    image_digest      = ""
    deploy_services   = false
    github_repository = ""
    state_bucket      = ""
  }

  assert {
    condition     = length(output.service_names) == 0 && output.image == "" && output.github_role_arns.deploy == null
    error_message = "The first apply needs no image."
  }
}

run "connections_follow_the_class" {
  command = plan

  variables {
    database_instance_class = "db.t4g.medium"
  }

  assert {
    condition     = module.database.max_connections == 320
    error_message = "Who takes a larger database need not say what it takes."
  }
}

run "backups_in_another_region" {
  command = plan

  variables {
    backup_region = "us-west-2"
  }

  assert {
    condition     = length(module.backup_kms) == 1
    error_message = "Copies are encrypted with a key of their region."
  }
}

run "as_small_as_staging" {
  command = plan

  variables {
    environment            = "staging"
    zone_count             = 2
    deletion_protection    = false
    database_multi_az      = false
    cache_replica_count    = 0
    enable_cloudtrail      = false
    enable_guardduty       = false
    enable_access_analyzer = false
    enable_waf             = false
    api_through_cdn        = true
    services = {
      all = { roles = ["voice", "api", "auth", "users", "analytics"], cpu = 512, memory = 1024, min = 1, max = 2, spot = true }
    }
  }

  assert {
    condition     = toset(output.service_names) == toset(["all"]) && output.name == "voice-server-staging"
    error_message = "One service can have every role."
  }
}

run "refuses_a_role_that_nobody_has" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10 }
    }
  }
  expect_failures = [var.services]
}
