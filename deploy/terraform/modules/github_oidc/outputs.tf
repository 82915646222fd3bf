output "deploy_role_arn" {
  description = "Role that the deploying workflow assumes."
  value       = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "Null without a state bucket."
  value       = one(aws_iam_role.plan[*].arn)
}

output "drift_role_arn" {
  description = "Null without a state bucket."
  value       = one(aws_iam_role.drift[*].arn)
}
