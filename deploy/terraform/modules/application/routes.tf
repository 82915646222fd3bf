# Which paths lead to which role of the application. Whatever no pattern matches is answered by the load balancer
# itself, with 404: so /metrics and /ready cannot be reached from outside.

locals {
  # On api.DOMAIN, and on dashboard.DOMAIN, of which CloudFront forwards what the page asks. "*" matches any number of
  # characters, slashes included.
  role_paths = {
    auth      = ["/api/v1/auth/*", "/.well-known/jwks.json"]
    users     = ["/api/v1/users", "/api/v1/users/*"]
    voice     = ["/v1/realtime", "/v1/realtime/*", "/realtime", "/api/v1/voice/*"]
    analytics = ["/api/v1/analytics", "/api/v1/analytics/*"]
    api       = ["/api/*", "/v1/*", "/health", "/docs", "/docs/*", "/openapi.json"]
  }

  # On webhook.DOMAIN, which is kept for them: the server has none yet, and answers 404.
  webhook_paths = { api = ["/webhooks/*"] }

  # The first match decides, so that the role whose patterns contain the others' comes last.
  role_order = ["auth", "users", "voice", "analytics", "api"]

  api_host       = "api.${var.domain}"
  dashboard_host = "dashboard.${var.domain}"
  webhook_host   = "webhook.${var.domain}"

  service_of_role = merge([for name, service in var.services : { for role in service.roles : role => name }]...)

  # A rule takes three values a condition and five in all, the hosts being two of them.
  path_rules = merge(concat(
    [for position, role in local.role_order : {
      for part, paths in chunklist(local.role_paths[role], 3) : "${role}-${part + 1}" => {
        role = role, hosts = [local.api_host, local.dashboard_host], paths = paths, priority = 100 * (position + 1) + part
      }
    }],
    [for role, all in local.webhook_paths : {
      for part, paths in chunklist(all, 3) : "webhook-${role}-${part + 1}" => {
        role = role, hosts = [local.webhook_host], paths = paths, priority = 1000 + part
      }
    }],
  )...)
}

resource "aws_lb_listener_rule" "role" {
  for_each = local.path_rules

  listener_arn = aws_lb_listener.https.arn
  priority     = each.value.priority

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service[local.service_of_role[each.value.role]].arn
  }

  condition {
    host_header {
      values = each.value.hosts
    }
  }

  condition {
    path_pattern {
      values = each.value.paths
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}
