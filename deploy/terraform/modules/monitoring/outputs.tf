output "topic_arn" {
  value = aws_sns_topic.alarms.arn
}

output "alarm_names" {
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.share : alarm.alarm_name],
  ))
}

output "dashboard_name" {
  value = aws_cloudwatch_dashboard.this.dashboard_name
}
