mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "voice-server-production"
  kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/mock"
  alert_emails      = ["oncall@example.com"]
  metrics_namespace = "VoiceServer/voice-server-production"
  cluster_name      = "voice-server-production"
  alb_arn_suffix    = "app/mock/1"
  services = {
    voice = { has_voice = true, target_group_arn_suffix = "targetgroup/voice/1", log_group_name = "/n/voice" }
    api   = { has_voice = false, target_group_arn_suffix = "targetgroup/api/1", log_group_name = "/n/api" }
  }
  database_identifier = "voice-server-production"
  cache_node_ids      = ["cache-001", "cache-002"]
  nat_gateway_ids     = ["nat-1"]
}

run "alarms" {
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["voice-turns-slow"].extended_statistic == "p95" &&
      aws_cloudwatch_metric_alarm.this["voice-turns-slow"].threshold == 2 &&
      aws_cloudwatch_metric_alarm.this["voice-turns-slow"].treat_missing_data == "notBreaching"
    )
    error_message = "Answers come within 2 s; silence is no fault."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["voice-nearly-full"].threshold == 85 &&
      aws_cloudwatch_metric_alarm.this["voice-nearly-full"].treat_missing_data == "breaching"
    )
    error_message = "A load that nobody reports any more is a fault."
  }

  assert {
    condition     = !contains(keys(local.alarms), "api-nearly-full") && contains(keys(local.alarms), "api-away")
    error_message = "Only services with conversations have their alarms; every service has the others."
  }

  assert {
    condition     = [for query in aws_cloudwatch_metric_alarm.share["voice-turns-fail"].metric_query : query.expression if query.id == "share"][0] == "IF(total >= 20, 100 * (FILL(failed0, 0)) / total, 0)"
    error_message = "Failed turns are a share of the turns."
  }

  assert {
    condition = toset([
      for query in aws_cloudwatch_metric_alarm.share["requests-fail"].metric_query : query.metric[0].metric_name if query.id != "share"
    ]) == toset(["RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"])
    error_message = "5xx of the load balancer and of what is behind it."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.share)) :
      contains(alarm.alarm_actions, aws_sns_topic.alarms.arn) && alarm.alarm_description != "" && alarm.datapoints_to_alarm <= alarm.evaluation_periods
    ])
    error_message = "Each alarm tells somebody, and what it means."
  }

  assert {
    condition     = length([for key in keys(local.alarms) : key if startswith(key, "cache-")]) == 8 && contains(keys(local.alarms), "nat-1-ports")
    error_message = "Each node and each NAT gateway."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["database-storage"].threshold == floor(0.15 * 20 * pow(1024, 3))
    error_message = "15 % of the storage, in bytes."
  }
}

run "who_is_told" {
  assert {
    condition     = keys(aws_sns_topic_subscription.email)[0] == "oncall@example.com" && aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn
    error_message = "Mails, from an encrypted topic."
  }

  assert {
    condition     = !strcontains(local.topic_policy, "\"Action\":\"*\"") && strcontains(local.topic_policy, "aws:SecureTransport")
    error_message = "Only AWS' own services publish, encrypted."
  }

  assert {
    condition = toset([for notice in aws_budgets_budget.monthly[0].notification : "${notice.notification_type} ${notice.threshold}"]) == toset([
      "ACTUAL 80", "ACTUAL 100", "FORECASTED 100"
    ])
    error_message = "Costs are told before they are there."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.deployment_failed.event_pattern).detail.eventName == ["SERVICE_DEPLOYMENT_FAILED"]
    error_message = "A deployment that was taken back is told."
  }
}

run "dashboard" {
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 9
    error_message = "Nine graphs."
  }
}

run "before_the_services_run" {
  variables {
    services           = {}
    monthly_budget_usd = 0
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.share) == 0 && length(aws_cloudwatch_log_metric_filter.tracebacks) == 0 && length(aws_budgets_budget.monthly) == 0
    error_message = "Nothing rings for what does not run."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.metrics) > 0])
    error_message = "No graph is empty."
  }
}

run "refuses_what_is_no_address" {
  command = plan
  variables {
    alert_emails = ["oncall"]
  }
  expect_failures = [var.alert_emails]
}
