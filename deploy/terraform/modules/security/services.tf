# One group a service, so that one of them can be cut off or opened without the others.
resource "aws_security_group" "service" {
  for_each = var.services

  name        = "${var.name}-${each.key}"
  description = "Tasks of ${each.key}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "service_from_alb" {
  for_each = var.services

  security_group_id            = aws_security_group.service[each.key].id
  description                  = "From the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
  referenced_security_group_id = aws_security_group.alb.id
}

# Names are looked up at the network's own resolver, which security groups do not filter: no rule for DNS.

# Providers of speech and language answer from networks that change, so the port is the limit, not the address.
resource "aws_vpc_security_group_egress_rule" "service_https" {
  for_each = var.services

  security_group_id = aws_security_group.service[each.key].id
  description       = "HTTPS and WebSocket to providers and AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "service_smtp" {
  for_each = {
    for pair in setproduct(var.services, var.smtp_ports) : "${pair[0]}-${pair[1]}" => { service = pair[0], port = pair[1] }
  }

  security_group_id = aws_security_group.service[each.value.service].id
  description       = "Mail over TLS"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "service_to_database" {
  for_each = var.services

  security_group_id            = aws_security_group.service[each.key].id
  description                  = "To PostgreSQL"
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
  referenced_security_group_id = aws_security_group.database.id
}

resource "aws_vpc_security_group_egress_rule" "service_to_cache" {
  for_each = var.services

  security_group_id            = aws_security_group.service[each.key].id
  description                  = "To the cache"
  ip_protocol                  = "tcp"
  from_port                    = var.cache_port
  to_port                      = var.cache_port
  referenced_security_group_id = aws_security_group.cache.id
}
