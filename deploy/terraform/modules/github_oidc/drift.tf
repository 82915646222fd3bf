# What runs every night from the main branch, where each line was reviewed, may look at everything as it is: what the state
# is held against. It reads no secret but those that the state has, and nothing that people said.

locals {
  drift_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.plan_statements, [
      {
        # AWS has no form of these that names a resource.
        Sid    = "ReadWithoutResource"
        Effect = "Allow"
        Action = [
          "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingPolicies",
          "cloudtrail:DescribeTrails", "config:DescribeDeliveryChannels", "ec2:DescribeAddresses",
          "ec2:DescribeAddressesAttribute", "ec2:DescribeFlowLogs", "ec2:DescribeInternetGateways",
          "ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
          "ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules",
          "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
          "ecs:DescribeTaskDefinition", "elasticloadbalancing:DescribeCapacityReservation",
          "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeListeners",
          "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups",
          "kms:ListAliases", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
        ]
        Resource = "*"
      },
      {
        # Most of it goes by ids that AWS makes up.
        Sid    = "ReadOfAccount"
        Effect = "Allow"
        Action = [
          "access-analyzer:GetAnalyzer", "acm:DescribeCertificate", "acm:ListTagsForCertificate",
          "application-autoscaling:ListTagsForResource", "budgets:ListTagsForResource", "budgets:ViewBudget",
          "cloudfront:DescribeFunction", "cloudfront:GetDistribution", "cloudfront:GetFunction",
          "cloudfront:GetOriginAccessControl", "cloudfront:GetResponseHeadersPolicy",
          "cloudfront:ListTagsForResource", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags",
          "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
          "config:DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorders",
          "ec2:DescribeVpcAttribute", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:ListTagsForResource",
          "ecs:DescribeClusters", "ecs:DescribeServices", "elasticache:DescribeCacheClusters",
          "elasticache:DescribeCacheParameterGroups", "elasticache:DescribeCacheParameters",
          "elasticache:DescribeCacheSubnetGroups", "elasticache:DescribeReplicationGroups",
          "elasticache:ListTagsForResource", "events:DescribeRule", "events:ListTagsForResource",
          "events:ListTargetsByRule", "guardduty:GetDetector", "iam:GetOpenIDConnectProvider", "iam:GetRole",
          "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "kms:DescribeKey",
          "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "logs:DescribeMetricFilters",
          "logs:GetDelivery", "logs:GetDeliveryDestination", "logs:GetDeliverySource", "logs:ListTagsForResource",
          "rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeDBInstances", "rds:DescribeDBParameterGroups",
          "rds:DescribeDBParameters", "rds:DescribeDBSubnetGroups", "rds:ListTagsForResource",
          "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource",
          "wafv2:GetLoggingConfiguration", "wafv2:GetRegexPatternSet", "wafv2:GetWebACL",
          "wafv2:GetWebACLForResource", "wafv2:ListTagsForResource",
        ]
        # Names of services without regions have an empty place there, and IAM refuses a star in it.
        Resource = concat(
          [for name in ["budgets", "cloudfront"] : "arn:${local.partition}:${name}::${local.account}:*"],
          [for kind in ["oidc-provider", "role"] : "arn:${local.partition}:iam::${local.account}:${kind}/*"],
          [for service in [
            "access-analyzer", "acm", "application-autoscaling", "cloudtrail", "cloudwatch", "config", "ec2", "ecr",
            "ecs", "elasticache", "elasticloadbalancing", "events", "guardduty", "kms", "logs", "rds", "sns", "wafv2",
          ] : "arn:${local.partition}:${service}:*:${local.account}:*"],
        )
      },
      {
        # Of zones, the account is no part of the name.
        Sid    = "ReadNames"
        Effect = "Allow"
        Action = [
          "route53:GetDNSSEC", "route53:GetHealthCheck", "route53:GetHostedZone", "route53:GetQueryLoggingConfig",
          "route53:ListResourceRecordSets", "route53:ListTagsForResource",
        ]
        Resource = [for kind in ["healthcheck", "hostedzone", "queryloggingconfig"] : "arn:${local.partition}:route53:::${kind}/*"]
      },
      {
        Sid    = "ReadBuckets"
        Effect = "Allow"
        Action = [
          "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
          "s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
          "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
          "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
          "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
        ]
        Resource = "arn:${local.partition}:s3:::${var.name}-*"
      },
      {
        Sid      = "ReadSecretsButTheirValues"
        Effect   = "Allow"
        Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
        Resource = "arn:${local.partition}:secretsmanager:*:${local.account}:secret:${var.name}/*"
      },
    ])
  })
}

resource "aws_iam_role" "drift" {
  count = local.has_plan ? 1 : 0

  name               = "${var.name}-github-drift"
  description        = "Holds what is there against the state of ${var.repository}; reads only"
  assume_role_policy = local.trust["drift"]

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy" "drift" {
  count = local.has_plan ? 1 : 0

  name   = "drift"
  role   = aws_iam_role.drift[0].id
  policy = local.drift_policy
}
