# Execution roles are used by ECS to start a task: image, log, secrets. Task roles are what the application itself may
# do. The application never holds a credential that the other could use.

locals {
  task_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
      }
    }]
  })

  pull_statements = [
    {
      Sid      = "RegistryLogIn"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken"]
      Resource = "*" # AWS has no other form of it.
    },
    {
      Sid      = "PullImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = var.repository_arn
    },
  ]

  decrypt_secrets_statement = {
    Sid       = "DecryptSecrets"
    Effect    = "Allow"
    Action    = ["kms:Decrypt"]
    Resource  = var.kms_key_arn
    Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
  }

  execution_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.pull_statements, [
      local.decrypt_secrets_statement,
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for group in aws_cloudwatch_log_group.service : "${group.arn}:*"]
      },
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = concat([var.app_secret_arn, var.providers_secret_arn, var.cache_secret_arn, var.cdn_secret_arn], var.secret_key_arns)
      },
    ])
  })

  migrate_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.pull_statements, [
      local.decrypt_secrets_statement,
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.migrate.arn}:*"]
      },
      {
        Sid      = "ReadMasterSecret"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [var.master_secret_arn]
      },
    ])
  })

  objects_arn = "${var.object_bucket_arn}/${var.object_prefix}/*"

  task_statements = [
    {
      Sid      = "ConnectToDatabase"
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = "arn:${local.partition}:rds-db:${local.region}:${local.account}:dbuser:${var.database_resource_id}/${var.database_user}"
    },
    {
      # Erasure deletes the versions too: a deletion alone would only hide them.
      Sid      = "Objects"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:PutObject"]
      Resource = local.objects_arn
    },
    {
      Sid       = "ListObjects"
      Effect    = "Allow"
      Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource  = var.object_bucket_arn
      Condition = { StringLike = { "s3:prefix" = ["${var.object_prefix}/*"] } }
    },
    {
      Sid       = "ObjectsKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = var.kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
    },
  ]

  # A task that somebody talks to is neither scaled in nor replaced.
  protection_statement = {
    Sid       = "ProtectOwnTask"
    Effect    = "Allow"
    Action    = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
    Resource  = local.cluster_task_arn
    Condition = { ArnEquals = { "ecs:cluster" = "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${var.name}" } }
  }

  task_policies = { for name, service in var.services : name => jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.task_statements, contains(service.roles, "voice") ? [local.protection_statement] : [])
  }) }
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "Starts the tasks of ${var.name}: image, log, secrets"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "execution" {
  name   = "start-tasks"
  role   = aws_iam_role.execution.id
  policy = local.execution_policy
}

resource "aws_iam_role" "migrate" {
  name               = "${var.name}-migrate"
  description        = "Starts the migration of ${var.name}: image, log, the master's password"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "migrate" {
  name   = "start-migration"
  role   = aws_iam_role.migrate.id
  policy = local.migrate_policy
}

resource "aws_iam_role" "task" {
  for_each = var.services

  name               = "${var.name}-${each.key}-task"
  description        = "What the tasks of ${each.key} may do"
  assume_role_policy = local.task_trust
}

resource "aws_iam_role_policy" "task" {
  for_each = var.services

  name   = "work"
  role   = aws_iam_role.task[each.key].id
  policy = local.task_policies[each.key]
}
