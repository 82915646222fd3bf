resource "aws_security_group" "alb" {
  name        = "${var.name}-alb"
  description = "Load balancer: the only thing that the world can reach"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-alb" }
}

resource "aws_vpc_security_group_ingress_rule" "alb_https" {
  count = var.through_cdn ? 0 : 1

  security_group_id = aws_security_group.alb.id
  description       = "HTTPS and WebSocket from the world"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "alb_http" {
  count = var.through_cdn ? 0 : 1

  security_group_id = aws_security_group.alb.id
  description       = "HTTP from the world, only to be sent on to HTTPS"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
}

# Counts as 55 of the 60 rules that a group may have, so on one port.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.through_cdn ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

# Of everybody's distributions: whose they are, the secret tells.
resource "aws_vpc_security_group_ingress_rule" "alb_cloudfront" {
  count = var.through_cdn ? 1 : 0

  security_group_id = aws_security_group.alb.id
  description       = "HTTPS and WebSocket from CloudFront"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront[0].id
}

resource "aws_vpc_security_group_egress_rule" "alb_to_service" {
  for_each = var.services

  security_group_id            = aws_security_group.alb.id
  description                  = "To the tasks of ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = var.container_port
  to_port                      = var.container_port
  referenced_security_group_id = aws_security_group.service[each.key].id
}
