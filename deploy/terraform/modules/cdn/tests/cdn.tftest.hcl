mock_provider "aws" {
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
}

variables {
  name                        = "voice-server-production"
  dashboard_host              = "dashboard.example.com"
  api_host                    = "api.example.com"
  webhook_host                = "webhook.example.com"
  certificate_arn             = "arn:aws:acm:us-east-1:123456789012:certificate/mock"
  frontend_bucket_domain_name = "frontend.s3.us-east-1.amazonaws.com"
  access_logs_bucket_arn      = "arn:aws:s3:::logs"
  alb_dns_name                = "alb.elb.amazonaws.com"
  kms_key_arn                 = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  origin_secret               = "0123456789abcdef0123456789abcdef"
}

run "the_page" {
  assert {
    condition = strcontains(
      aws_cloudfront_response_headers_policy.dashboard.security_headers_config[0].content_security_policy[0].content_security_policy,
      "connect-src 'self' wss://dashboard.example.com;"
    )
    error_message = "The page may open the conversation's WebSocket, at its own address."
  }

  assert {
    condition = contains(
      [for item in aws_cloudfront_response_headers_policy.dashboard.custom_headers_config[0].items : item.value if item.header == "Permissions-Policy"],
      "camera=(), geolocation=(), microphone=(self)"
    )
    error_message = "The page may use the microphone, nothing else."
  }

  assert {
    condition = (
      aws_cloudfront_distribution.dashboard.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021" &&
      aws_cloudfront_distribution.dashboard.http_version == "http2and3" &&
      aws_cloudfront_distribution.dashboard.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    )
    error_message = "Encrypted, and current."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.dashboard.custom_error_response) == 0
    error_message = "What the API refuses is not turned into a page."
  }

  assert {
    condition     = length(aws_cloudfront_distribution.api) == 0 && output.api_address == null
    error_message = "The API is reached directly unless asked for."
  }

  assert {
    condition     = aws_cloudwatch_log_delivery_destination.this[0].delivery_destination_configuration[0].destination_resource_arn == "arn:aws:s3:::logs/cloudfront"
    error_message = "Access logs go under the prefix that the bucket lets in."
  }
}

run "what_the_page_asks" {
  assert {
    condition     = toset(aws_cloudfront_distribution.dashboard.ordered_cache_behavior[*].path_pattern) == toset(["/api/*", "/v1/*", "/.well-known/jwks.json"])
    error_message = "The page's server answers at the page's address."
  }

  assert {
    condition = alltrue([for behaviour in aws_cloudfront_distribution.dashboard.ordered_cache_behavior :
      behaviour.target_origin_id == "load-balancer" && behaviour.viewer_protocol_policy == "https-only" && !behaviour.compress
      && behaviour.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
      && behaviour.origin_request_policy_id == "216adef6-5c7f-47e4-b989-5492eafa07d3"
      && length(setsubtract(["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"], behaviour.allowed_methods)) == 0
    ])
    error_message = "Over TLS, nothing is cached, every header passes, every method too."
  }

  assert {
    condition = alltrue([for origin in aws_cloudfront_distribution.dashboard.origin :
      origin.domain_name == "alb.elb.amazonaws.com"
      && origin.custom_origin_config[0].origin_protocol_policy == "https-only"
      && origin.custom_origin_config[0].origin_ssl_protocols == toset(["TLSv1.2"])
      && [for header in origin.custom_header : "${header.name} ${nonsensitive(header.value)}"] == ["X-CDN-Secret 0123456789abcdef0123456789abcdef"]
      if origin.origin_id == "load-balancer"
    ])
    error_message = "The load balancer is asked over TLS, and shown the secret."
  }

  assert {
    condition     = length([for origin in aws_cloudfront_distribution.dashboard.origin : origin if origin.origin_id == "frontend" && length(origin.custom_header) > 0]) == 0
    error_message = "The bucket is not told the secret."
  }

  assert {
    condition = alltrue([for behaviour in aws_cloudfront_distribution.dashboard.ordered_cache_behavior :
      [for function in behaviour.function_association : "${function.event_type} ${function.function_arn}"] == ["viewer-request arn:aws:cloudfront::123456789012:function/mocked"]
    ]) && aws_cloudfront_function.viewer_address.publish
    error_message = "Each request that goes on says whose it is."
  }

  assert {
    condition     = aws_secretsmanager_secret.origin.name == "voice-server-production/cdn" && aws_secretsmanager_secret.origin.kms_key_id == var.kms_key_arn
    error_message = "The application can be told the secret."
  }
}

run "the_api_too" {
  variables {
    serve_api = true
  }

  assert {
    condition = (
      aws_cloudfront_distribution.api[0].default_cache_behavior[0].cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" &&
      aws_cloudfront_distribution.api[0].default_cache_behavior[0].origin_request_policy_id == "216adef6-5c7f-47e4-b989-5492eafa07d3" &&
      contains(aws_cloudfront_distribution.api[0].default_cache_behavior[0].allowed_methods, "DELETE")
    )
    error_message = "Nothing is cached, every header passes, every method too."
  }

  assert {
    condition = (
      [for origin in aws_cloudfront_distribution.api[0].origin : one(origin.custom_header).name] == ["X-CDN-Secret"] &&
      aws_cloudfront_distribution.api[0].default_cache_behavior[0].viewer_protocol_policy == "https-only" &&
      one(aws_cloudfront_distribution.api[0].default_cache_behavior[0].function_association).event_type == "viewer-request"
    )
    error_message = "The load balancer is told who asks, there too."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_log_delivery.this)) == toset(["dashboard", "api"])
    error_message = "Both log."
  }
}

run "without_logs" {
  variables {
    enable_access_logs     = false
    access_logs_bucket_arn = null
  }

  assert {
    condition     = length(aws_cloudwatch_log_delivery_source.this) == 0
    error_message = "No logs are delivered."
  }
}
