data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  s3_endpoint_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        # Buckets of this account, by principals of this account: nothing is carried to a stranger's bucket this way.
        Sid       = "OwnBuckets"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetBucketLocation", "s3:GetObject",
          "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions",
          "s3:ListMultipartUploadParts", "s3:PutObject",
        ]
        Resource = "*"
        Condition = {
          StringEquals = {
            "aws:PrincipalAccount" = local.account
            "aws:ResourceAccount"  = local.account
          }
        }
      },
      {
        # Layers of images lie in a bucket of ECR's own.
        Sid       = "ImageLayers"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = "s3:GetObject"
        Resource  = "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"
      },
    ]
  }

  # Prefix of a service's actions where it differs from the first part of the endpoint's name.
  action_prefixes = { monitoring = "cloudwatch", email-smtp = "ses" }

  interface_endpoint_policies = {
    for service in var.interface_endpoints : service => {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = "${lookup(local.action_prefixes, split(".", service)[0], split(".", service)[0])}:*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
      }]
    }
  }
}

# Free, and recordings and image layers do not pay for the NAT.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id
  policy            = jsonencode(local.s3_endpoint_policy)

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [var.endpoint_security_group_id]
  private_dns_enabled = true
  policy              = jsonencode(local.interface_endpoint_policies[each.key])

  tags = { Name = "${var.name}-${each.key}" }

  lifecycle {
    # Without a group, AWS attaches the network's default one, which is closed here: nothing would answer.
    precondition {
      condition     = var.endpoint_security_group_id != null
      error_message = "interface_endpoints need endpoint_security_group_id (module security gives it)."
    }
  }
}
