# A pull request may see what it would change and change nothing: its code is not reviewed yet, and it runs with this
# role. So it plans with -refresh=false -lock=false, from the state and the few things that data sources ask for.

locals {
  plan_policy = jsonencode({ Version = "2012-10-17", Statement = local.plan_statements })

  plan_statements = concat(
    [
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${var.state_bucket_arn}/${var.state_key}"
      },
      {
        Sid       = "FindState"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = var.state_bucket_arn
        Condition = { StringEquals = { "s3:prefix" = var.state_key } }
      },
      {
        # What data sources read, and random values that are thrown away; AWS has no form that names a resource.
        Sid    = "ReadDataSources"
        Effect = "Allow"
        Action = [
          "ec2:DescribeAvailabilityZones", "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries",
          "route53:GetHostedZone", "route53:ListHostedZones", "route53:ListTagsForResource",
          "secretsmanager:GetRandomPassword",
        ]
        Resource = "*"
      },
      {
        # The two secrets that are in the state anyway, because what they are for takes them in no other way.
        Sid      = "ReadSecretsOfState"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
        Resource = [var.cache_secret_arn, var.cdn_secret_arn]
      },
      {
        Sid       = "DecryptSecretsOfState"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
      },
    ],
    var.state_kms_key_arn == "" ? [] : [{
      Sid       = "DecryptState"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = var.state_kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
    }],
  )
}

resource "aws_iam_role" "plan" {
  count = local.has_plan ? 1 : 0

  name               = "${var.name}-github-plan"
  description        = "Plans for pull requests of ${var.repository}; reads only"
  assume_role_policy = local.trust["plan"]

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "plan" {
  count = local.has_plan ? 1 : 0

  name   = "plan"
  role   = aws_iam_role.plan[0].id
  policy = local.plan_policy
}
