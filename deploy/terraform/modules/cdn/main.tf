locals {
  # Policies that AWS keeps, by the ids that are the same in every account.
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer        = "216adef6-5c7f-47e4-b989-5492eafa07d3"

  # CDN_SECRET_HEADER of the server.
  secret_header = "X-CDN-Secret"

  # What the page asks of its own address beside its files, and the keys of the tokens that are issued in its name.
  forwarded_paths = ["/api/*", "/v1/*", "/.well-known/jwks.json"]

  content_security_policy = join("; ", [
    "default-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    # To older browsers, 'self' is https alone.
    join(" ", concat(["connect-src 'self'", "wss://${var.dashboard_host}"], var.content_connect_sources)),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ])
}

resource "aws_cloudfront_origin_access_control" "frontend" {
  name                              = "${var.name}-frontend"
  description                       = "CloudFront alone reads the page's bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "dashboard" {
  name    = "${var.name}-dashboard"
  comment = "The page may use the microphone and talk to the API; nothing from elsewhere, nothing inline"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      override                   = true
    }
  }

  custom_headers_config {
    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=(self)"
      override = true
    }

    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }
  }
}

resource "aws_cloudfront_function" "viewer_address" {
  name    = "${var.name}-viewer-address"
  comment = "Says who asks in a header that nobody else can fill in"
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = file("${path.module}/viewer_address.js")
}

# The page, and before the load balancer the paths that it asks. There, WebSockets pass as they are, nothing is cached or
# compressed, and the load balancer sees every header: by Host it is the page's own server, to which neither origins nor
# cookies are foreign.
resource "aws_cloudfront_distribution" "dashboard" {
  comment             = "${var.name}: the page and its API"
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  default_root_object = "index.html"
  price_class         = var.price_class
  aliases             = [var.dashboard_host]
  web_acl_id          = var.web_acl_arn

  origin {
    origin_id                = "frontend"
    domain_name              = var.frontend_bucket_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.frontend.id
  }

  origin {
    origin_id   = "load-balancer"
    domain_name = var.alb_dns_name

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 60
      origin_keepalive_timeout = 60
    }

    custom_header {
      name  = local.secret_header
      value = data.aws_secretsmanager_secret_version.origin.secret_string
    }
  }

  default_cache_behavior {
    target_origin_id           = "frontend"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.dashboard.id
  }

  # No custom_error_response: it would be of the whole distribution, and turn refusals of the API into pages. The page has
  # one address and finds its way by what follows the #.
  dynamic "ordered_cache_behavior" {
    for_each = local.forwarded_paths

    content {
      path_pattern             = ordered_cache_behavior.value
      target_origin_id         = "load-balancer"
      viewer_protocol_policy   = "https-only"
      allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods           = ["GET", "HEAD"]
      compress                 = false
      cache_policy_id          = local.caching_disabled
      origin_request_policy_id = local.all_viewer

      function_association {
        event_type   = "viewer-request"
        function_arn = aws_cloudfront_function.viewer_address.arn
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  tags = { Name = "${var.name}-dashboard" }
}

# The same for those who are no page.
resource "aws_cloudfront_distribution" "api" {
  count = var.serve_api ? 1 : 0

  comment         = "${var.name}: the API"
  enabled         = true
  is_ipv6_enabled = true
  # A WebSocket is an upgrade of HTTP/1.1, which browsers use beside HTTP/2 by themselves.
  http_version = "http2and3"
  price_class  = var.price_class
  aliases      = [var.api_host, var.webhook_host]
  web_acl_id   = var.web_acl_arn

  origin {
    origin_id   = "load-balancer"
    domain_name = var.alb_dns_name

    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 60
      origin_keepalive_timeout = 60
    }

    custom_header {
      name  = local.secret_header
      value = data.aws_secretsmanager_secret_version.origin.secret_string
    }
  }

  default_cache_behavior {
    target_origin_id         = "load-balancer"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = false
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.viewer_address.arn
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  tags = { Name = "${var.name}-api" }
}
