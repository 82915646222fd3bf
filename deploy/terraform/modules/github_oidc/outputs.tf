output "deploy_role_arn" {
  value = aws_iam_role.deploy.arn
}

output "plan_role_arn" {
  description = "Null without a state bucket."
  value       = one(aws_iam_role.plan[*].arn)
}
