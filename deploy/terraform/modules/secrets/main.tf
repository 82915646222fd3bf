resource "aws_secretsmanager_secret" "app" {
  name                    = "${var.name}/app"
  description             = "Secrets of the server itself: SECRET_KEY, API_KEYS, METRICS_TOKEN"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret.app.id
  secret_string_wo = jsonencode({
    SECRET_KEY    = var.secret_key
    API_KEYS      = var.api_key
    METRICS_TOKEN = var.metrics_token
  })
  secret_string_wo_version = var.app_secret_version
}

resource "aws_secretsmanager_secret" "providers" {
  name                    = "${var.name}/providers"
  description             = "Keys that people put in: OPENAI_API_KEY, ELEVENLABS_API_KEY, SMTP_URL"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

# A task cannot start while a secret that it names has no value, so all keys exist, empty. Written once: write-only, so
# that what people put in later is neither overwritten nor read into the state.
resource "aws_secretsmanager_secret_version" "providers" {
  secret_id                = aws_secretsmanager_secret.providers.id
  secret_string_wo         = jsonencode({ OPENAI_API_KEY = "", ELEVENLABS_API_KEY = "", SMTP_URL = "" })
  secret_string_wo_version = 1
}
