output "bucket" {
  description = "Name of the bucket, once its policy and its public access block are in place."
  value       = aws_s3_bucket.main.id

  # Whoever writes into the bucket needs more than its name: a load balancer tests its permission when it is made.
  depends_on = [aws_s3_bucket_policy.main]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.main.arn
}

output "regional_domain_name" {
  description = "Host name of the bucket in its region."
  value       = aws_s3_bucket.main.bucket_regional_domain_name
}

output "policy" {
  description = "Policy of the bucket, JSON."
  value       = jsonencode(local.policy)
}
