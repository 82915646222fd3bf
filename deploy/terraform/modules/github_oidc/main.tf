data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  ecs       = "arn:${local.partition}:ecs:${local.region}:${local.account}"

  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  # Exact subjects: a wildcard would let any branch, or any repository, take the role.
  subjects = {
    plan   = "repo:${var.repository}:pull_request"
    drift  = "repo:${var.repository}:ref:refs/heads/main"
    deploy = "repo:${var.repository}:environment:${var.deploy_environment}"
  }

  trust = { for role, subject in local.subjects : role => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = { StringEquals = {
        "${local.issuer}:aud" = "sts.amazonaws.com"
        "${local.issuer}:sub" = subject
      } }
    }]
  }) }

  has_plan = var.state_bucket_arn != ""
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_provider ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}
