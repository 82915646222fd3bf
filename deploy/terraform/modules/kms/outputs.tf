output "key_arn" {
  description = "ARN of the key that everything of this environment is encrypted with."
  value       = aws_kms_key.main.arn
}

output "key_id" {
  description = "Id of the same key."
  value       = aws_kms_key.main.key_id
}
