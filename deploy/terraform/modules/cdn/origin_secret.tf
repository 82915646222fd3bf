# What CloudFront shows at the load balancer, so that firewall and application believe the addresses that it passes on,
# and nobody else's.

resource "aws_secretsmanager_secret" "origin" {
  name                    = "${var.name}/cdn"
  description             = "What CloudFront shows at the load balancer of ${var.name}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.secret_recovery_window_days
}

resource "aws_secretsmanager_secret_version" "origin" {
  secret_id                = aws_secretsmanager_secret.origin.id
  secret_string_wo         = var.origin_secret
  secret_string_wo_version = var.origin_secret_version
}

# Headers of an origin have no write-only form: it is read back here and therefore is in the state, as the cache's
# password is.
data "aws_secretsmanager_secret_version" "origin" {
  secret_id  = aws_secretsmanager_secret.origin.id
  version_id = aws_secretsmanager_secret_version.origin.version_id
}
