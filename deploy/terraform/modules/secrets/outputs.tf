output "app_secret_arn" {
  description = "Secret with JSON keys SECRET_KEY, API_KEYS and METRICS_TOKEN, made by Terraform."
  value       = aws_secretsmanager_secret.app.arn
}

output "providers_secret_arn" {
  description = "Secret with JSON keys OPENAI_API_KEY, ELEVENLABS_API_KEY and SMTP_URL, filled in by people; an empty string counts as not set."
  value       = aws_secretsmanager_secret.providers.arn
}
