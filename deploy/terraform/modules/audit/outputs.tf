output "trail_arn" {
  description = "Null where the trail is off."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "detector_id" {
  description = "Null where GuardDuty is off."
  value       = one(aws_guardduty_detector.this[*].id)
}
