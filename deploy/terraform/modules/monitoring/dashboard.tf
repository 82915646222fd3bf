locals {
  voice_names   = sort(keys(local.voice_services))
  service_names = sort(keys(var.services))

  # Title, then the metrics as CloudWatch writes them: namespace, name, dimension, value, options.
  graphs = [
    {
      title = "Seconds until the answer's first sound", metrics = concat(
        [for name in local.voice_names : [var.metrics_namespace, "TurnSeconds", "Service", name, { stat = "p50", label = "${name} p50" }]],
        [for name in local.voice_names : [var.metrics_namespace, "TurnSeconds", "Service", name, { stat = "p95", label = "${name} p95" }]],
      )
    },
    {
      title = "Turns, and those that failed", metrics = concat(
        [for name in local.voice_names : [var.metrics_namespace, "Turns", "Service", name, { stat = "Sum" }]],
        [for name in local.voice_names : [var.metrics_namespace, "FailedTurns", "Service", name, { stat = "Sum" }]],
      )
    },
    {
      title = "Conversations", metrics = concat(
        [for name in local.voice_names : [var.metrics_namespace, "ActiveSessions", "Service", name, { stat = "Sum" }]],
        [for name in local.voice_names : [var.metrics_namespace, "SessionsRefused", "Service", name, { stat = "Sum" }]],
      )
    },
    {
      title = "Session load of the fullest task, %", metrics = [
        for name in local.voice_names : [var.metrics_namespace, "SessionLoad", "Service", name, { stat = "Maximum" }]
      ]
    },
    {
      title = "Requests and 5xx", metrics = [
        ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.alb_arn_suffix, { stat = "Sum" }],
        ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.alb_arn_suffix, { stat = "Sum" }],
        ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.alb_arn_suffix, { stat = "Sum" }],
      ]
    },
    {
      title = "Tasks' processor, %", metrics = [
        for name in local.service_names : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", name, { stat = "Average" }]
      ]
    },
    {
      title = "Tasks' memory, %", metrics = [
        for name in local.service_names : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster_name, "ServiceName", name, { stat = "Maximum" }]
      ]
    },
    {
      title = "Database", metrics = [
        ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.database_identifier, { stat = "Average" }],
        ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.database_identifier, { stat = "Maximum", yAxis = "right" }],
      ]
    },
    {
      title = "Cache: memory, %", metrics = [
        for node in var.cache_node_ids : ["AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "CacheClusterId", node, { stat = "Maximum" }]
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    # CloudWatch refuses a graph without metrics: before the services run, theirs are not there.
    widgets = [for position, graph in [for graph in local.graphs : graph if length(graph.metrics) > 0] : {
      type   = "metric"
      x      = 8 * (position % 3)
      y      = 6 * floor(position / 3)
      width  = 8
      height = 6
      properties = {
        title   = graph.title
        region  = local.region
        view    = "timeSeries"
        period  = 60
        metrics = graph.metrics
      }
    }]
  })
}
