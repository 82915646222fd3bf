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
}

run "the_page" {
  assert {
    condition = strcontains(
      aws_cloudfront_response_headers_policy.dashboard.security_headers_config[0].content_security_policy[0].content_security_policy,
      "connect-src 'self' https://api.example.com wss://api.example.com;"
    )
    error_message = "The page may open the conversation's WebSocket."
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
    condition = toset([for response in aws_cloudfront_distribution.dashboard.custom_error_response : response.error_code]) == toset([403, 404]) && alltrue([
      for response in aws_cloudfront_distribution.dashboard.custom_error_response : response.response_page_path == "/index.html" && response.response_code == 200
    ])
    error_message = "What is not a file is the page."
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

run "the_api_too" {
  variables {
    serve_api    = true
    alb_dns_name = "alb.elb.amazonaws.com"
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
