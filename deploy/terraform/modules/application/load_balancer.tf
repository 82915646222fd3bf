resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  subnets            = var.public_subnet_ids
  security_groups    = [var.alb_security_group_id]

  # The server pings WebSockets every 20 s: what is silent for this long is dead.
  idle_timeout               = 300
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_http2               = true
  enable_deletion_protection = var.deletion_protection

  access_logs {
    bucket  = var.access_logs_bucket
    prefix  = var.access_logs_prefix
    enabled = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      status_code  = "404"
      message_body = jsonencode({ error = {
        type    = "invalid_request_error"
        code    = "not_found"
        message = "There is nothing at this address."
      } })
    }
  }
}

resource "aws_lb_target_group" "service" {
  for_each = var.services

  # 32 characters at most; the service's name is what tells them apart.
  name        = "${trimsuffix(substr(var.name, 0, 31 - length(each.key)), "-")}-${each.key}"
  vpc_id      = var.vpc_id
  target_type = "ip"
  port        = var.container_port
  protocol    = "HTTP"

  # Conversations are long: the task that has the fewest open requests takes the next.
  load_balancing_algorithm_type = "least_outstanding_requests"
  # Longer than the application drains, shorter than Fargate waits before it kills.
  deregistration_delay = 100

  # Not /ready: that refuses newcomers when a task is full, and ECS replaces tasks that the load balancer finds unhealthy,
  # protected or not, with everybody who talks to them. Full tasks refuse handshakes themselves; tasks that stop are
  # taken out by ECS; and a task listens only once it is ready.
  health_check {
    path                = "/health"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.attach_web_acl ? 1 : 0

  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.web_acl_arn
}
