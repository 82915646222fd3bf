locals {
  api_host       = "api.${var.domain}"
  webhook_host   = "webhook.${var.domain}"
  dashboard_host = "dashboard.${var.domain}"
  hosts          = toset([local.api_host, local.webhook_host, local.dashboard_host])

  zone_id = var.create_zone ? aws_route53_zone.this[0].zone_id : data.aws_route53_zone.this[0].zone_id

  load_balancer = { domain_name = var.alb_dns_name, zone_id = var.alb_zone_id }
  api_target    = var.api_through_cdn ? var.api_distribution : local.load_balancer
  targets = {
    (local.api_host)       = local.api_target
    (local.webhook_host)   = local.api_target
    (local.dashboard_host) = var.dashboard_distribution
  }

  addresses = merge([for host in keys(local.targets) : {
    for type in ["A", "AAAA"] : "${host} ${type}" => { host = host, type = type }
    # The load balancer has IPv4 addresses alone.
    if type == "A" || host == local.dashboard_host || var.api_through_cdn
  }]...)
}

resource "aws_route53_zone" "this" {
  count = var.create_zone ? 1 : 0

  name    = var.domain
  comment = var.name
}

data "aws_route53_zone" "this" {
  count = var.create_zone ? 0 : 1

  name         = var.zone_name == "" ? var.domain : var.zone_name
  private_zone = false
}

resource "aws_route53_record" "address" {
  for_each = local.addresses

  zone_id = local.zone_id
  name    = each.value.host
  type    = each.value.type

  alias {
    name                   = local.targets[each.value.host].domain_name
    zone_id                = local.targets[each.value.host].zone_id
    evaluate_target_health = false
  }
}

# At the three hosts, not at the domain: what else there is under it may have certificates of other issuers.
resource "aws_route53_record" "issuer" {
  for_each = local.hosts

  zone_id = local.zone_id
  name    = each.key
  type    = "CAA"
  ttl     = 3600
  records = [for issuer in ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"] : "0 issue \"${issuer}\""]
}
