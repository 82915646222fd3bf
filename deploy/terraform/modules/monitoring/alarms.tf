# One table a part of the system, one resource for all of them. "missing" says what no data means: "breaching" where
# something that always reports is silent, "notBreaching" where nothing happening is the rule.

locals {
  voice_services = { for name, service in var.services : name => service if service.has_voice }

  voice_alarms = merge([for name, service in local.voice_services : {
    "${name}-turns-slow" = {
      description = "95 % of turns should begin to be answered within ${var.turn_seconds_p95} s of the last word."
      namespace   = var.metrics_namespace, metric = "TurnSeconds", dimensions = { Service = name }
      statistic   = "p95", above = true, threshold = var.turn_seconds_p95
      period      = 300, periods = 3, datapoints = 2
      missing     = "notBreaching" # nobody talks
    }
    "${name}-nearly-full" = {
      description = "A task holds more than 85 % of the conversations it may, or tasks have stopped reporting."
      namespace   = var.metrics_namespace, metric = "SessionLoad", dimensions = { Service = name }
      statistic   = "Maximum", above = true, threshold = 85
      period      = 60, periods = 5, datapoints = 5
      missing     = "breaching" # every task reports every minute
    }
    "${name}-refuses" = {
      description = "Conversations were refused: every task is full or overloaded."
      namespace   = var.metrics_namespace, metric = "SessionsRefused", dimensions = { Service = name }
      statistic   = "Sum", above = true, threshold = 0
      period      = 60, periods = 1, datapoints = 1
      missing     = "notBreaching"
    }
  }]...)

  target_alarms = merge([for name, service in var.services : {
    "${name}-unhealthy" = {
      description = "A task of ${name} has not been healthy for 5 minutes."
      namespace   = "AWS/ApplicationELB", metric = "UnHealthyHostCount"
      dimensions  = { LoadBalancer = var.alb_arn_suffix, TargetGroup = service.target_group_arn_suffix }
      statistic   = "Maximum", above = true, threshold = 0
      period      = 60, periods = 5, datapoints = 5
      missing     = "notBreaching"
    }
    "${name}-away" = {
      description = "No task of ${name} is healthy."
      namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount"
      dimensions  = { LoadBalancer = var.alb_arn_suffix, TargetGroup = service.target_group_arn_suffix }
      statistic   = "Maximum", above = false, threshold = 1
      period      = 60, periods = 2, datapoints = 2
      missing     = "breaching"
    }
  }]...)

  database_dimensions = { DBInstanceIdentifier = var.database_identifier }
  database_alarms = { for key, alarm in {
    cpu = {
      description = "The database's processor is busy.", metric = "CPUUtilization"
      above       = true, threshold = 80, missing = "breaching"
    }
    credits = {
      description = "The database will have used up its processor credits; more are paid for.", metric = "CPUCreditBalance"
      above       = false, threshold = 20, missing = "notBreaching" # only burstable classes have any
    }
    storage = {
      description = "Less than 15 % of the database's storage is free; it grows by itself below 10 %, up to its limit."
      metric      = "FreeStorageSpace"
      above       = false, threshold = floor(0.15 * var.database_storage_gb * pow(1024, 3)), missing = "breaching"
    }
    memory = {
      description = "The database has less than 64 MiB of memory left.", metric = "FreeableMemory"
      above       = false, threshold = 64 * 1024 * 1024, missing = "breaching"
    }
    connections = {
      description = "80 % of the connections that the database takes are in use.", metric = "DatabaseConnections"
      above       = true, threshold = floor(0.8 * var.database_max_connections), missing = "breaching"
    }
    } : "database-${key}" => merge(alarm, {
      namespace = "AWS/RDS", dimensions = local.database_dimensions, statistic = "Average"
      period    = 300, periods = 3, datapoints = 3
  }) }

  cache_alarms = merge([for position, node in var.cache_node_ids : { for key, alarm in {
    cpu = {
      description = "The processor of the cache is busy.", metric = "CPUUtilization", statistic = "Average"
      threshold   = 80, missing = "breaching"
    }
    memory = {
      description = "The cache is nearly full; then it refuses writes.", metric = "DatabaseMemoryUsagePercentage", statistic = "Maximum"
      threshold   = 75, missing = "breaching"
    }
    evictions = {
      description = "The cache throws away what is still needed.", metric = "Evictions", statistic = "Sum"
      threshold   = 0, missing = "notBreaching"
    }
    lag = {
      description = "The replica is behind: what is newer would be lost if it took over.", metric = "ReplicationLag", statistic = "Maximum"
      threshold   = 5, missing = "notBreaching" # the primary has none
    }
    } : "cache-${position + 1}-${key}" => merge(alarm, {
      namespace = "AWS/ElastiCache", dimensions = { CacheClusterId = node }, above = true
      period    = 300, periods = 3, datapoints = 3
  }) }]...)

  nat_alarms = { for position, gateway in var.nat_gateway_ids : "nat-${position + 1}-ports" => {
    description = "The NAT gateway has no more ports to one address: requests to a provider fail."
    namespace   = "AWS/NATGateway", metric = "ErrorPortAllocation", dimensions = { NatGatewayId = gateway }
    statistic   = "Sum", above = true, threshold = 0
    period      = 300, periods = 1, datapoints = 1
    missing     = "notBreaching"
  } }

  log_alarms = length(var.services) == 0 ? {} : {
    tracebacks = {
      description = "The application met what it did not expect: search its logs for Traceback."
      namespace   = var.metrics_namespace, metric = "Tracebacks", dimensions = {}
      statistic   = "Sum", above = true, threshold = var.tracebacks_in_five_minutes
      period      = 300, periods = 1, datapoints = 1
      missing     = "notBreaching"
    }
  }

  alarms = merge(
    local.voice_alarms, local.target_alarms, local.database_alarms, local.cache_alarms, local.nat_alarms, local.log_alarms
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = each.value.above ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing
  # A percentile of a handful of turns says little.
  evaluate_low_sample_count_percentiles = startswith(each.value.statistic, "p") ? "ignore" : null

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Shares of failures: below a number of attempts one failure would be a large share and means little.
locals {
  failed_turns = { for name in keys(local.voice_services) : "${name}-turns-fail" => {
    description = "More than 1 % of the turns were not answered."
    namespace   = var.metrics_namespace, dimensions = { Service = name }
    total       = "Turns", failed = ["FailedTurns"], at_least = 20, threshold = 1
  } }

  failed_requests = length(var.services) == 0 ? {} : {
    requests-fail = {
      description = "More than 1 % of the requests were answered with 5xx, by the load balancer or behind it."
      namespace   = "AWS/ApplicationELB", dimensions = { LoadBalancer = var.alb_arn_suffix }
      total       = "RequestCount", failed = ["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"], at_least = 50, threshold = 1
    }
  }

  shares = merge(local.failed_turns, local.failed_requests)
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = local.shares

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id = "share"
    expression = format(
      "IF(total >= %d, 100 * (%s) / total, 0)", each.value.at_least,
      join(" + ", [for position in range(length(each.value.failed)) : "FILL(failed${position}, 0)"]),
    )
    label       = "Failed, %"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = merge(
      { total = each.value.total },
      { for position, metric in each.value.failed : "failed${position}" => metric },
    )

    content {
      id = metric_query.key

      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value
        dimensions  = each.value.dimensions
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "tracebacks" {
  for_each = var.services

  name           = "${var.name}-${each.key}-tracebacks"
  log_group_name = each.value.log_group_name
  pattern        = "\"Traceback (most recent call last)\""

  metric_transformation {
    namespace     = var.metrics_namespace
    name          = "Tracebacks"
    value         = "1"
    default_value = "0"
  }
}
