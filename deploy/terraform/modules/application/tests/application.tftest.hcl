mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name   = "voice-server-production"
  domain = "example.com"

  vpc_id                     = "vpc-1"
  public_subnet_ids          = ["subnet-1", "subnet-2"]
  private_subnet_ids         = ["subnet-3", "subnet-4"]
  alb_security_group_id      = "sg-alb"
  service_security_group_ids = { voice = "sg-voice", api = "sg-api" }
  migrate_security_group_id  = "sg-migrate"
  certificate_arn            = "arn:aws:acm:eu-central-1:123456789012:certificate/mock"
  web_acl_arn                = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/mock/1"
  access_logs_bucket         = "logs"

  services = {
    voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10 }
    api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4, spot = true }
  }

  repository_url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/voice-server"
  repository_arn = "arn:aws:ecr:eu-central-1:123456789012:repository/voice-server"
  image_digest   = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

  database_address         = "db.internal"
  database_resource_id     = "db-ABC"
  database_max_connections = 80
  master_secret_arn        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-master"
  cache_address            = "cache.internal"
  cache_secret_arn         = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache"
  cdn_secret_arn           = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cdn"
  app_secret_arn           = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app"
  secret_key_arns          = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-odd"]
  secret_key_generation    = "1 of 1"
  providers_secret_arn     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:providers"
  object_bucket            = "assets"
  object_bucket_arn        = "arn:aws:s3:::assets"
  kms_key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/mock"
}

run "containers" {
  assert {
    condition     = jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].image == "123456789012.dkr.ecr.eu-central-1.amazonaws.com/voice-server@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    error_message = "The image is named by its digest."
  }

  assert {
    condition = alltrue([for definition in concat(values(aws_ecs_task_definition.service), aws_ecs_task_definition.migrate) : alltrue([
      for container in jsondecode(definition.container_definitions) :
      container.user == "10001" && container.readonlyRootFilesystem && container.stopTimeout == 120
      && container.linuxParameters.capabilities.drop == ["ALL"]
      && toset([for mount in container.mountPoints : mount.containerPath]) == toset(["/data", "/tmp"])
    ])])
    error_message = "Containers run as a user, without capabilities, on a root they cannot write, and have 120 s to stop."
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].portMappings[0].containerPort == 8080 && (
      jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].command == ["voice-server", "serve"]
    )
    error_message = "A service listens on 8080."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].healthCheck.command == ["CMD", "python", "-m", "voice_server.health_check"]
    error_message = "The image has an interpreter and no curl."
  }

  assert {
    condition = { for item in jsondecode(aws_ecs_task_definition.service["api"].container_definitions)[0].environment : item.name => item.value } == {
      ALLOWED_ORIGINS           = "https://dashboard.example.com"
      DATABASE_AUTH             = "iam"
      DATABASE_CONNECTIONS      = "2"
      DATABASE_URL              = "postgresql://voice_server@db.internal:5432/voice?sslmode=verify-full"
      DATA_DIR                  = "/data"
      DRAIN_SECONDS             = "90"
      HOST                      = "0.0.0.0"
      LOG_FORMAT                = "json"
      MAIL_FROM                 = "no-reply@example.com"
      MAX_SESSIONS              = "12"
      OBJECT_STORE_URL          = "s3://assets/objects?region=eu-central-1"
      PGSSLROOTCERT             = "/app/aws-rds.pem"
      PORT                      = "8080"
      PUBLIC_URL                = "https://dashboard.example.com"
      REDIS_URL                 = "rediss://cache.internal:6379"
      ROLES                     = "analytics,api,auth,users"
      SERVICE_METRICS_NAMESPACE = "VoiceServer/voice-server-production"
      SERVICE_NAME              = "api"
      TRUSTED_PROXIES           = "1"
    }
    error_message = "The environment of a task is exactly what the application takes."
  }

  assert {
    condition = { for item in jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].secrets : item.name => item.valueFrom } == {
      API_KEYS           = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app:API_KEYS::"
      CDN_SECRET         = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cdn"
      ELEVENLABS_API_KEY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:providers:ELEVENLABS_API_KEY::"
      METRICS_TOKEN      = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app:METRICS_TOKEN::"
      OPENAI_API_KEY     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:providers:OPENAI_API_KEY::"
      REDIS_PASSWORD     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cache"
      SECRET_KEY         = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-odd"
      SMTP_URL           = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:providers:SMTP_URL::"
    }
    error_message = "Secrets come from Secrets Manager."
  }

  assert {
    condition = length([
      for item in flatten([
        for definition in concat(values(aws_ecs_task_definition.service), aws_ecs_task_definition.migrate) :
        jsondecode(definition.container_definitions)[0].environment
      ]) : item.name if can(regex("KEY|TOKEN|PASSWORD|SECRET|SMTP", item.name))
    ]) == 0
    error_message = "Nothing secret is in the plain environment."
  }

  assert {
    condition = alltrue([for definition in values(aws_ecs_task_definition.service) :
      definition.runtime_platform[0].cpu_architecture == "ARM64" && definition.network_mode == "awsvpc" && definition.skip_destroy
    ])
    error_message = "ARM64, with the revisions before kept for a rollback."
  }
}

run "a_secret_key_beside_the_one_in_use" {
  variables {
    secret_key_arns       = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-odd", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-even"]
    secret_key_generation = "1 of 2"
  }

  assert {
    condition = { for item in jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].secrets : item.name => item.valueFrom if startswith(item.name, "SECRET_KEY") } == {
      SECRET_KEY        = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-odd"
      SECRET_KEY_BEFORE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:secret-key-even"
    }
    error_message = "Tasks know both keys."
  }

  assert {
    condition     = alltrue([for definition in values(aws_ecs_task_definition.service) : jsondecode(definition.container_definitions)[0].dockerLabels["voice-server.secret-key"] == "1 of 2"])
    error_message = "A key that is written starts tasks that know it."
  }

  assert {
    condition = alltrue([for arn in var.secret_key_arns : strcontains(local.execution_policy, arn)]) && alltrue([
      for arn in var.secret_key_arns : !strcontains(local.migrate_policy, arn)
    ])
    error_message = "What starts a service may read both, what starts the migration none."
  }
}

run "conversations_and_connections" {
  assert {
    condition     = local.max_sessions == { voice = 25, api = 12 }
    error_message = "A task holds as many conversations as were measured for its share of a processor."
  }

  assert {
    condition     = local.tasks_at_most == 28 && local.database_connections == 2 && local.tasks_at_most * local.database_connections + local.connections_kept <= var.database_max_connections
    error_message = "All tasks, twice during a deployment, find a connection each of the 80 that the database takes."
  }
}

run "a_larger_database" {
  variables {
    database_max_connections = 320
    services = {
      voice = { roles = ["voice"], cpu = 2048, memory = 4096, min = 2, max = 10 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4, max_sessions = 5 }
    }
  }

  assert {
    condition     = local.database_connections == 5
    error_message = "A task opens no more than five."
  }

  assert {
    condition     = local.max_sessions == { voice = 50, api = 5 }
    error_message = "A process uses one processor, and who says another number is believed."
  }
}

run "warns_of_more_than_was_measured" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10, max_sessions = 26 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [check.sessions_were_measured]
}

run "refuses_half_a_conversation" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10, max_sessions = 0.5 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.services]
}

run "refuses_more_tasks_than_the_database_has_connections_for" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 14 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.database_max_connections]
}

run "providers_in_an_order" {
  variables {
    stt_providers = ["elevenlabs", "openai"]
    tts_providers = ["openai"]
  }

  assert {
    condition = { for item in jsondecode(aws_ecs_task_definition.service["voice"].container_definitions)[0].environment : item.name => item.value if contains(["STT", "LLM", "TTS"], item.name) } == {
      STT = "elevenlabs,openai"
      TTS = "openai"
    }
    error_message = "The server is told the order where there is one, and chooses itself where there is none."
  }
}

run "refuses_providers_that_there_are_not" {
  command = plan
  variables {
    stt_providers = ["openai", "openai"]
    llm_providers = ["elevenlabs"]
    tts_providers = ["nobody"]
  }
  expect_failures = [var.stt_providers, var.llm_providers, var.tts_providers]
}

run "migration" {
  assert {
    condition = jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].command == [
      "voice-server", "migrate", "--iam-user", "voice_server"
    ]
    error_message = "The migration makes the application's login."
  }

  assert {
    condition = { for item in jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].secrets : item.name => item.valueFrom } == {
      DATABASE_PASSWORD = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-master:password::"
      DATABASE_USER     = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-master:username::"
    }
    error_message = "The migration logs in as the master."
  }

  assert {
    condition = !strcontains(local.execution_policy, var.master_secret_arn) && alltrue([
      for policy in values(local.task_policies) : !strcontains(policy, "secretsmanager")
    ])
    error_message = "No service can read the master's password, and no application code any secret."
  }

  assert {
    condition     = aws_ecs_task_definition.migrate[0].task_role_arn == null
    error_message = "A migration needs nothing of AWS."
  }
}

run "permissions" {
  assert {
    condition = alltrue([
      for policy in concat(values(local.task_policies), [local.execution_policy, local.migrate_policy]) : alltrue([
        for statement in jsondecode(policy).Statement :
        !contains(flatten([statement.Action]), "*") &&
        (!contains(flatten([statement.Resource]), "*") || statement.Sid == "RegistryLogIn")
      ])
    ])
    error_message = "Every permission names what it is for."
  }

  assert {
    condition = (
      strcontains(local.task_policies["voice"], "ecs:UpdateTaskProtection") &&
      !strcontains(local.task_policies["api"], "ecs:UpdateTaskProtection")
    )
    error_message = "Only tasks that hold conversations protect themselves."
  }

  assert {
    condition     = strcontains(local.task_policies["api"], "s3:DeleteObjectVersion") && strcontains(local.task_policies["api"], "s3:ListBucketVersions")
    error_message = "Erasure needs to delete versions."
  }

  assert {
    condition     = strcontains(local.task_policies["voice"], "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABC/voice_server")
    error_message = "One login of one database."
  }
}

run "load_balancer" {
  assert {
    condition = (
      aws_lb.this.idle_timeout == 300 && aws_lb.this.drop_invalid_header_fields && aws_lb.this.enable_deletion_protection
      && aws_lb.this.desync_mitigation_mode == "strictest" && aws_lb.this.access_logs[0].enabled
    )
    error_message = "The load balancer keeps quiet WebSockets for 300 s, is strict, logs, and is protected."
  }

  assert {
    condition = (
      aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301"
      && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-")
      && aws_lb_listener.https.default_action[0].fixed_response[0].status_code == "404"
    )
    error_message = "HTTP redirects, HTTPS is TLS 1.3 and answers 404 to what no rule matches."
  }

  assert {
    condition = alltrue([for group in values(aws_lb_target_group.service) :
      length(group.name) <= 32 && tonumber(group.deregistration_delay) <= 110 && group.health_check[0].path == "/health"
      && group.load_balancing_algorithm_type == "least_outstanding_requests" && group.target_type == "ip"
    ])
    error_message = "Target groups ask whether a task is alive, not whether it is full; they count open requests and let tasks drain."
  }

  assert {
    condition     = aws_wafv2_web_acl_association.this[0].web_acl_arn == var.web_acl_arn
    error_message = "The web ACL is attached."
  }
}

run "paths" {
  assert {
    condition = alltrue([for rule in values(local.path_rules) :
      length(rule.paths) <= 3 && length(rule.paths) + length(rule.hosts) <= 5 && contains(keys(local.service_of_role), rule.role)
    ])
    error_message = "A rule has three paths at most, and leads to a service."
  }

  assert {
    condition     = toset(keys(local.role_paths)) == toset(local.role_order) && toset(local.role_order) == toset(keys(local.service_of_role))
    error_message = "Each role has paths and a place in the order."
  }

  assert {
    condition     = length(distinct([for rule in values(local.path_rules) : rule.priority])) == length(local.path_rules)
    error_message = "Priorities are unique."
  }

  assert {
    condition     = max([for rule in values(local.path_rules) : rule.priority if rule.role != "api"]...) < min([for rule in values(local.path_rules) : rule.priority if rule.role == "api"]...)
    error_message = "What takes everything else comes last."
  }

  assert {
    condition = length([for path in flatten(values(local.role_paths)) : path if(
      can(regex("^${replace(replace(path, ".", "\\."), "*", ".*")}$", "/metrics")) ||
      can(regex("^${replace(replace(path, ".", "\\."), "*", ".*")}$", "/ready"))
    )]) == 0
    error_message = "Neither metrics nor readiness are reachable from outside."
  }

  assert {
    condition     = local.path_rules["voice-1"].hosts == ["api.example.com", "dashboard.example.com"] && local.path_rules["webhook-api-1"].hosts == ["webhook.example.com"]
    error_message = "Hosts are part of the rules: the page's is the API's too."
  }
}

run "services" {
  assert {
    condition = alltrue([for service in values(aws_ecs_service.this) :
      service.deployment_circuit_breaker[0].rollback && service.alarms[0].rollback && !service.network_configuration[0].assign_public_ip
      && service.availability_zone_rebalancing == "DISABLED" && service.deployment_minimum_healthy_percent == 100
    ])
    error_message = "Deployments are taken back by themselves, and tasks have no public address."
  }

  assert {
    condition = (
      tolist(aws_ecs_service.this["voice"].capacity_provider_strategy)[0].capacity_provider == "FARGATE" &&
      tolist(aws_ecs_service.this["api"].capacity_provider_strategy)[0].capacity_provider == "FARGATE_SPOT"
    )
    error_message = "spot chooses the capacity."
  }

  assert {
    condition     = aws_appautoscaling_target.service["voice"].min_capacity == 2 && aws_appautoscaling_target.service["voice"].max_capacity == 10
    error_message = "Between min and max."
  }

  assert {
    condition = (
      toset(keys(aws_appautoscaling_policy.sessions)) == toset(["voice"]) &&
      toset(keys(aws_appautoscaling_policy.cpu)) == toset(["voice", "api"]) &&
      aws_appautoscaling_policy.sessions["voice"].target_tracking_scaling_policy_configuration[0].target_value == 70 &&
      aws_appautoscaling_policy.sessions["voice"].target_tracking_scaling_policy_configuration[0].scale_in_cooldown == 600 &&
      aws_appautoscaling_policy.sessions["voice"].target_tracking_scaling_policy_configuration[0].customized_metric_specification[0].namespace == "VoiceServer/voice-server-production"
    )
    error_message = "Conversations scale the service that holds them, the processor every service."
  }

  assert {
    condition = aws_ecs_service.this["voice"].alarms[0].alarm_names == toset(["voice-server-production-voice-deployment"]) && toset([
      for query in aws_cloudwatch_metric_alarm.deployment["voice"].metric_query : query.id
    ]) == toset(["share", "requests", "failed", "unconnected", "refused"])
    error_message = "A deployment whose requests fail is taken back; one whose tasks are full is not."
  }

  assert {
    condition     = length(output.passed_role_arns) == 4
    error_message = "Execution, migration and one role a service."
  }
}

run "before_there_is_an_image" {
  variables {
    image_digest    = ""
    deploy_services = false
  }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && length(aws_ecs_task_definition.migrate) == 0 && output.image == ""
    error_message = "Without an image nothing runs."
  }

  assert {
    condition     = length(aws_lb_target_group.service) == 2
    error_message = "The addresses exist before what answers there."
  }
}

run "image_before_services" {
  variables {
    image_digest    = ""
    image_tag       = "1.4.0"
    deploy_services = false
  }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && endswith(jsondecode(aws_ecs_task_definition.migrate[0].container_definitions)[0].image, "/voice-server:1.4.0")
    error_message = "The database can be migrated before the services start."
  }
}

run "five_services" {
  variables {
    database_max_connections   = 320
    service_security_group_ids = { voice = "sg-1", api = "sg-2", auth = "sg-3", users = "sg-4", analytics = "sg-5" }
    services = {
      voice     = { roles = ["voice"], cpu = 1024, memory = 2048, min = 2, max = 10 }
      api       = { roles = ["api"], cpu = 256, memory = 512, min = 2, max = 10 }
      auth      = { roles = ["auth"], cpu = 256, memory = 512, min = 2, max = 10 }
      users     = { roles = ["users"], cpu = 256, memory = 512, min = 2, max = 10 }
      analytics = { roles = ["analytics"], cpu = 256, memory = 512, min = 1, max = 2 }
    }
  }

  assert {
    condition     = length(aws_ecs_service.this) == 5 && alltrue([for group in values(aws_lb_target_group.service) : length(group.name) <= 32])
    error_message = "Any split of the roles is a change of the variable."
  }
}

run "refuses_a_role_that_is_missing" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 2, max = 10 }
      api   = { roles = ["api", "auth", "users"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.services]
}

run "refuses_a_role_in_two_services" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice", "users"], cpu = 512, memory = 1024, min = 2, max = 10 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.services]
}

run "refuses_a_size_fargate_has_not" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 512, min = 2, max = 10 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.services]
}

run "refuses_more_min_than_max" {
  command = plan
  variables {
    services = {
      voice = { roles = ["voice"], cpu = 512, memory = 1024, min = 3, max = 2 }
      api   = { roles = ["api", "auth", "users", "analytics"], cpu = 256, memory = 512, min = 2, max = 4 }
    }
  }
  expect_failures = [var.services]
}

run "refuses_latest" {
  command = plan
  variables {
    image_digest = ""
    image_tag    = "latest"
  }
  expect_failures = [var.image_tag]
}

run "refuses_services_without_an_image" {
  command = plan
  variables {
    image_digest = ""
  }
  expect_failures = [var.deploy_services]
}

run "refuses_to_drain_longer_than_the_load_balancer_waits" {
  command = plan
  variables {
    drain_seconds = 115
  }
  expect_failures = [var.drain_seconds]
}
