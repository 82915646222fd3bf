locals {
  deploy_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # AWS has no form of these that names a resource.
        Sid      = "WithoutResource"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"]
        Resource = "*"
      },
      {
        Sid    = "PushImage"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
          "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = var.ecr_repository_arn
      },
      {
        Sid      = "RegisterTaskDefinitions"
        Effect   = "Allow"
        Action   = ["ecs:RegisterTaskDefinition"]
        Resource = [for family in var.task_families : "${local.ecs}:task-definition/${family}:*"]
      },
      {
        # Tags are given with the registration only.
        Sid       = "TagTaskDefinitions"
        Effect    = "Allow"
        Action    = ["ecs:TagResource"]
        Resource  = [for family in var.task_families : "${local.ecs}:task-definition/${family}:*"]
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
      },
      {
        Sid       = "PassRolesOfTheTasks"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = var.passed_role_arns
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "UpdateServices"
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:UpdateService"]
        Resource = var.service_arns
      },
      {
        Sid       = "RunMigration"
        Effect    = "Allow"
        Action    = ["ecs:RunTask"]
        Resource  = "${local.ecs}:task-definition/${var.migrate_family}:*"
        Condition = { ArnEquals = { "ecs:cluster" = "${local.ecs}:cluster/${var.cluster_name}" } }
      },
      {
        Sid      = "WatchMigration"
        Effect   = "Allow"
        Action   = ["ecs:DescribeTasks"]
        Resource = "${local.ecs}:task/${var.cluster_name}/*"
      },
      {
        Sid      = "ReadMigrationLog"
        Effect   = "Allow"
        Action   = ["logs:GetLogEvents"]
        Resource = "${var.migrate_log_group_arn}:log-stream:*"
      },
      {
        Sid      = "ReplacePage"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${var.frontend_bucket_arn}/*"
      },
      {
        Sid      = "ListPage"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = var.frontend_bucket_arn
      },
      {
        Sid       = "EncryptPage"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
      {
        Sid      = "EmptyCacheOfPage"
        Effect   = "Allow"
        Action   = ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
        Resource = var.distribution_arn
      },
    ]
  })
}

resource "aws_iam_role" "deploy" {
  name                 = "${var.name}-github-deploy"
  description          = "Deployments of ${var.repository} from its environment ${var.deploy_environment}"
  assume_role_policy   = local.trust["deploy"]
  max_session_duration = 7200

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.id
  policy = local.deploy_policy
}
