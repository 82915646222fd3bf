resource "aws_ecs_service" "this" {
  for_each = var.deploy_services ? var.services : {}

  name            = each.key
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.service[each.key].arn
  desired_count   = each.value.min

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 120
  # Rebalancing would stop tasks that somebody talks to.
  availability_zone_rebalancing = "DISABLED"
  enable_ecs_managed_tags       = true
  propagate_tags                = "SERVICE"

  capacity_provider_strategy {
    capacity_provider = each.value.spot ? "FARGATE_SPOT" : "FARGATE"
    weight            = 1
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.deployment[each.key].alarm_name]
  }

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [var.service_security_group_ids[each.key]]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.service[each.key].arn
    container_name   = each.key
    container_port   = var.container_port
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  # A target group that no rule uses yet has no load balancer, and a role without its policy starts no task.
  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_lb_listener_rule.role,
  ]
}

# What a deployment is taken back for, besides tasks that do not start: requests that fail in the new one. Refusals of a
# full server are 503 too and no fault of the version; too few requests say nothing.
locals {
  deployment_metrics = { for name in keys(var.services) : name => {
    requests    = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = local.target_dimensions[name] }
    failed      = { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = local.target_dimensions[name] }
    unconnected = { namespace = "AWS/ApplicationELB", metric = "TargetConnectionErrorCount", dimensions = local.target_dimensions[name] }
    refused     = { namespace = local.metrics_namespace, metric = "SessionsRefused", dimensions = { Service = name } }
  } }

  target_dimensions = { for name, group in aws_lb_target_group.service : name => {
    LoadBalancer = aws_lb.this.arn_suffix
    TargetGroup  = group.arn_suffix
  } }
}

resource "aws_cloudwatch_metric_alarm" "deployment" {
  for_each = var.services

  alarm_name          = "${var.name}-${each.key}-deployment"
  alarm_description   = "More than 5 % of the requests to ${each.key} fail: a deployment that is under way is rolled back."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    expression  = "IF(requests >= 20, 100 * (FILL(failed, 0) + FILL(unconnected, 0) - FILL(refused, 0)) / requests, 0)"
    label       = "Failed requests, %"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.deployment_metrics[each.key]

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}
