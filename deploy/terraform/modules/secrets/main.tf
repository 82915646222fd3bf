resource "aws_secretsmanager_secret" "app" {
  name                    = "${var.name}/app"
  description             = "Keys of the server itself: API_KEYS, METRICS_TOKEN"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "app" {
  secret_id = aws_secretsmanager_secret.app.id
  secret_string_wo = jsonencode({
    API_KEYS      = var.api_key
    METRICS_TOKEN = var.metrics_token
  })
  secret_string_wo_version = var.app_secret_version
}

# Two places, in which the SECRET_KEYs follow each other: odd ones in the first, even ones in the second. So a new one is
# written without touching the one before, and neither is ever read to be kept.
locals {
  secret_key_places = { for place, number in {
    odd  = var.secret_key_version - (var.secret_key_version + 1) % 2
    even = var.secret_key_version - var.secret_key_version % 2
  } : place => number if number > 0 }

  in_use = var.secret_key_in_use % 2 == 1 ? "odd" : "even"
  beside = local.in_use == "odd" ? "even" : "odd"
}

resource "aws_secretsmanager_secret" "secret_key" {
  for_each = local.secret_key_places

  name                    = "${var.name}/secret-key-${each.key}"
  description             = "A SECRET_KEY of the server: the one in use, or the one before or after it"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "secret_key" {
  for_each = local.secret_key_places

  secret_id                = aws_secretsmanager_secret.secret_key[each.key].id
  secret_string_wo         = var.secret_key
  secret_string_wo_version = each.value
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
