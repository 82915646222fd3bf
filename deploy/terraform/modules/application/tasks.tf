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
  environments = { for name, service in var.services : name => {
    ALLOWED_ORIGINS           = "https://${local.dashboard_host}"
    DATABASE_AUTH             = "iam"
    DATABASE_URL              = "postgresql://${var.database_user}@${local.database_location}"
    DATA_DIR                  = "/data"
    DRAIN_SECONDS             = tostring(var.drain_seconds)
    HOST                      = "0.0.0.0"
    LOG_FORMAT                = "json"
    MAIL_FROM                 = var.mail_from == "" ? "no-reply@${var.domain}" : var.mail_from
    MAX_SESSIONS              = tostring(service.max_sessions)
    OBJECT_STORE_URL          = "s3://${var.object_bucket}/${var.object_prefix}?region=${local.region}"
    PGSSLROOTCERT             = local.database_ca
    PORT                      = tostring(var.container_port)
    PUBLIC_URL                = "https://${local.dashboard_host}"
    REDIS_URL                 = "rediss://${var.cache_address}:${var.cache_port}"
    ROLES                     = join(",", sort(tolist(service.roles)))
    SERVICE_METRICS_NAMESPACE = local.metrics_namespace
    SERVICE_NAME              = name
    TRUSTED_PROXIES           = "1"
  } }

  # ARN:KEY:: takes one key of a secret's JSON, in its current version. ECS reads them once, when a task starts.
  secrets = {
    API_KEYS           = "${var.app_secret_arn}:API_KEYS::"
    CDN_SECRET         = var.cdn_secret_arn
    ELEVENLABS_API_KEY = "${var.providers_secret_arn}:ELEVENLABS_API_KEY::"
    METRICS_TOKEN      = "${var.app_secret_arn}:METRICS_TOKEN::"
    OPENAI_API_KEY     = "${var.providers_secret_arn}:OPENAI_API_KEY::"
    REDIS_PASSWORD     = var.cache_secret_key == "" ? var.cache_secret_arn : "${var.cache_secret_arn}:${var.cache_secret_key}::"
    SECRET_KEY         = "${var.app_secret_arn}:SECRET_KEY::"
    SMTP_URL           = "${var.providers_secret_arn}:SMTP_URL::"
  }

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
    ulimits     = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    environment = [for name, value in local.environments[each.key] : { name = name, value = value }]
    secrets     = [for name, place in local.secrets : { name = name, valueFrom = place }]
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
