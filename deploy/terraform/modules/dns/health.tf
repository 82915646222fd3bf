resource "aws_route53_health_check" "api" {
  count = var.create_health_check ? 1 : 0

  type              = "HTTPS"
  fqdn              = local.api_host
  port              = 443
  resource_path     = "/health"
  request_interval  = 30
  failure_threshold = 3
  enable_sni        = true

  tags = { Name = "${var.name}-api" }
}

resource "aws_cloudwatch_metric_alarm" "health" {
  count    = var.create_health_check ? 1 : 0
  provider = aws.us_east_1

  alarm_name          = "${var.name}-api-unreachable"
  alarm_description   = "https://${local.api_host}/health does not answer: name, certificate, load balancer or every task of the API."
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = aws_route53_health_check.api[0].id }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 3
  # Checks that say nothing are not a proof of health.
  treat_missing_data = "breaching"
  alarm_actions      = var.alarm_topic_arns
  ok_actions         = var.alarm_topic_arns
}
