output "repository_url" {
  description = "Where images are pushed and pulled: HOST/NAME without a tag."
  value       = aws_ecr_repository.main.repository_url
}

output "repository_arn" {
  description = "ARN of the repository."
  value       = aws_ecr_repository.main.arn
}

output "repository_name" {
  description = "Name of the repository."
  value       = aws_ecr_repository.main.name
}
