locals {
  has_image = var.image_digest != "" || var.image_tag != ""
  image = (
    var.image_digest != ""
    ? "${var.repository_url}@${var.image_digest}"
    : "${var.repository_url}:${var.image_tag}"
  )

  database_location = "${var.database_address}:${var.database_port}/${var.database_name}?sslmode=verify-full"
  metrics_namespace = "VoiceServer/${var.name}"

  # Amazon's own authorities, which sign the certificates of RDS; the image brings them.
  database_ca = "/app/aws-rds.pem"

  # Sorted by name, as ECS gives them back: else every plan would see a change.
  environments = { for name, service in var.services : name => merge(local.provider_orders, {
    ALLOWED_ORIGINS           = "https://${local.dashboard_host}"
    DATABASE_AUTH             = "iam"
    DATABASE_CONNECTIONS      = tostring(local.database_connections)
    DATABASE_URL              = "postgresql://${var.database_user}@${local.database_location}"
    DATA_DIR                  = "/data"
    DRAIN_SECONDS             = tostring(var.drain_seconds)
    HOST                      = "0.0.0.0"
    LOG_FORMAT                = "json"
    MAIL_FROM                 = var.mail_from == "" ? "no-reply@${var.domain}" : var.mail_from
    MAX_SESSIONS              = tostring(local.max_sessions[name])
    OBJECT_STORE_URL          = "s3://${var.object_bucket}/${var.object_prefix}?region=${local.region}"
    PGSSLROOTCERT             = local.database_ca
    PORT                      = tostring(var.container_port)
    PUBLIC_URL                = "https://${local.dashboard_host}"
    REDIS_URL                 = "rediss://${var.cache_address}:${var.cache_port}"
    ROLES                     = join(",", sort(tolist(service.roles)))
    SERVICE_METRICS_NAMESPACE = local.metrics_namespace
    SERVICE_NAME              = name
    TRUSTED_PROXIES           = "1"
  }) }

  # ARN:KEY:: takes one key of a secret's JSON, in its current version. ECS reads them once, when a task starts.
  secrets = merge({
    API_KEYS           = "${var.app_secret_arn}:API_KEYS::"
    CDN_SECRET         = var.cdn_secret_arn
    ELEVENLABS_API_KEY = "${var.providers_secret_arn}:ELEVENLABS_API_KEY::"
    METRICS_TOKEN      = "${var.app_secret_arn}:METRICS_TOKEN::"
    OPENAI_API_KEY     = "${var.providers_secret_arn}:OPENAI_API_KEY::"
    REDIS_PASSWORD     = var.cache_secret_key == "" ? var.cache_secret_arn : "${var.cache_secret_arn}:${var.cache_secret_key}::"
    SECRET_KEY         = var.secret_key_arns[0]
    SMTP_URL           = "${var.providers_secret_arn}:SMTP_URL::"
  }, length(var.secret_key_arns) > 1 ? { SECRET_KEY_BEFORE = var.secret_key_arns[1] } : {})

  # What the containers of the services and of the migration have in common.
  container = {
    image                  = local.image
    essential              = true
    user                   = "10001"
    readonlyRootFilesystem = true
    linuxParameters        = { initProcessEnabled = true, capabilities = { add = [], drop = ["ALL"] } }
    mountPoints = [
      { sourceVolume = "data", containerPath = "/data", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
    ]
    systemControls = []
    volumesFrom    = []
  }
}

# How much a task takes, and what is left for it.
locals {
  # Measured: with fifty conversations on one core p95 is below what is alarmed on. A process uses one core.
  sessions_a_vcpu = 50

  measured_sessions = { for name, service in var.services : name => floor(local.sessions_a_vcpu * min(service.cpu, 1024) / 1024) }
  max_sessions      = { for name, service in var.services : name => coalesce(service.max_sessions, local.measured_sessions[name]) }

  # A deployment starts every task anew beside the old ones (deployment_maximum_percent).
  tasks_at_most = 2 * sum([for service in var.services : service.max])

  # For the migration, for a command or a person beside the tasks, and what RDS keeps for itself.
  connections_kept = 10

  # Five were measured to be enough; more would only wait in PostgreSQL instead of here.
  database_connections = min(5, floor((var.database_max_connections - local.connections_kept) / local.tasks_at_most))

  # In the order in which they are asked; without one, the server takes every provider whose key is set.
  provider_orders = { for name, providers in {
    STT = var.stt_providers
    LLM = var.llm_providers
    TTS = var.tts_providers
  } : name => join(",", providers) if length(providers) > 0 }
}

check "sessions_were_measured" {
  assert {
    condition     = alltrue([for name, sessions in local.max_sessions : sessions <= local.measured_sessions[name]])
    error_message = "services: max_sessions is more than the ${local.sessions_a_vcpu} a vCPU that were measured. Autoscaling waits until 70 % of it: rely on it after a load test of your own."
  }
}

resource "aws_ecs_task_definition" "service" {
  for_each = var.deploy_services ? var.services : {}

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task[each.key].arn

  # A rollback goes to the revision before, which must not be deregistered by what replaced it.
  skip_destroy = true
  # Deployments register revisions outside of Terraform; what is compared is the newest.
  track_latest = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # Fargate has no tmpfs; these are empty folders of the task.
  volume {
    name = "data"
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.container, {
    name        = each.key
    command     = ["voice-server", "serve"]
    stopTimeout = 120
    portMappings = [
      { name = "http", containerPort = var.container_port, hostPort = var.container_port, protocol = "tcp", appProtocol = "http" }
    ]
    # Changes with the keys, so that tasks start that know them.
    dockerLabels = { "voice-server.secret-key" = var.secret_key_generation }
    ulimits      = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    environment  = [for name, value in local.environments[each.key] : { name = name, value = value }]
    secrets      = [for name, place in local.secrets : { name = name, valueFrom = place }]
    healthCheck = {
      command     = ["CMD", "python", "-m", "voice_server.health_check"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.service[each.key].name
        awslogs-region        = local.region
        awslogs-stream-prefix = each.key
      }
    }
  })])
}

# One-off: brings the database up to date and makes the application's login. The only task that may read the master's
# password.
resource "aws_ecs_task_definition" "migrate" {
  count = local.has_image ? 1 : 0

  family                   = "${var.name}-migrate"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.migrate.arn
  skip_destroy             = true
  track_latest             = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  volume {
    name = "data"
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.container, {
    name         = "migrate"
    command      = ["voice-server", "migrate", "--iam-user", var.database_user]
    stopTimeout  = 120
    portMappings = []
    environment = [
      { name = "DATABASE_URL", value = "postgresql://${local.database_location}" },
      { name = "DATA_DIR", value = "/data" },
      { name = "LOG_FORMAT", value = "json" },
      { name = "PGSSLROOTCERT", value = local.database_ca },
    ]
    secrets = [
      { name = "DATABASE_PASSWORD", valueFrom = "${var.master_secret_arn}:password::" },
      { name = "DATABASE_USER", valueFrom = "${var.master_secret_arn}:username::" },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.migrate.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "migrate"
      }
    }
  })])
}
