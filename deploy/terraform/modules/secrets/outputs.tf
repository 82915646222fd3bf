output "app_secret_arn" {
  description = "Secret with JSON keys API_KEYS and METRICS_TOKEN, made by Terraform."
  value       = aws_secretsmanager_secret.app.arn
}

output "secret_key_arns" {
  description = "Secrets whose whole value is a SECRET_KEY: first the one in use, then the one before or after it, if there is one."
  value = [
    for place in [local.in_use, local.beside] : aws_secretsmanager_secret.secret_key[place].arn
    if contains(keys(local.secret_key_places), place)
  ]

  # Whoever is started because of a new one has to find it.
  depends_on = [aws_secretsmanager_secret_version.secret_key]
}

output "providers_secret_arn" {
  description = "Secret with JSON keys OPENAI_API_KEY, ELEVENLABS_API_KEY and SMTP_URL, filled in by people; an empty string counts as not set."
  value       = aws_secretsmanager_secret.providers.arn
}
