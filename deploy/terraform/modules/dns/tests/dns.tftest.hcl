mock_provider "aws" {
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
}

variables {
  name                   = "voice-server-production"
  domain                 = "example.com"
  alb_dns_name           = "alb.elb.amazonaws.com"
  alb_zone_id            = "ZALB"
  dashboard_distribution = { domain_name = "d1.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
}

run "an_existing_zone" {
  assert {
    condition     = length(aws_route53_zone.this) == 0 && output.zone_id == "ZFOUND"
    error_message = "The zone is looked up."
  }

  assert {
    condition = toset(keys(aws_route53_record.address)) == toset([
      "api.example.com A", "webhook.example.com A", "dashboard.example.com A", "dashboard.example.com AAAA"
    ])
    error_message = "Three hosts; the load balancer has no IPv6."
  }

  assert {
    condition = (
      aws_route53_record.address["api.example.com A"].alias[0].zone_id == "ZALB" &&
      aws_route53_record.address["dashboard.example.com A"].alias[0].name == "d1.cloudfront.net"
    )
    error_message = "api. leads to the load balancer, dashboard. to CloudFront."
  }

  assert {
    condition = (
      aws_acm_certificate.regional.domain_name == "api.example.com" &&
      toset(aws_acm_certificate.regional.subject_alternative_names) == toset(["webhook.example.com", "dashboard.example.com"]) &&
      aws_acm_certificate.cdn.domain_name == "dashboard.example.com"
    )
    error_message = "Each certificate names its hosts: the load balancer's also the page's, by which CloudFront asks it."
  }

  assert {
    condition     = aws_route53_record.validation["dashboard.example.com"].name == "_d.dashboard.example.com"
    error_message = "Each host is validated by its own record."
  }

  assert {
    condition     = toset(keys(aws_route53_record.issuer)) == toset(["api.example.com", "webhook.example.com", "dashboard.example.com"])
    error_message = "Other names of the domain may have other issuers."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.health[0].treat_missing_data == "breaching" && aws_route53_health_check.api[0].resource_path == "/health"
    error_message = "The API is asked from outside."
  }

  assert {
    condition     = length(aws_route53_key_signing_key.this) == 0 && length(aws_route53_query_log.this) == 0
    error_message = "Signing and query log are asked for."
  }
}

run "a_new_zone_signed_and_logged" {
  variables {
    create_zone          = true
    enable_dnssec        = true
    enable_query_logging = true
    create_health_check  = false
  }

  assert {
    condition     = output.zone_id == aws_route53_zone.this[0].zone_id && output.name_servers == aws_route53_zone.this[0].name_servers
    error_message = "The registrar has to be told the name servers."
  }

  assert {
    condition     = aws_kms_key.dnssec[0].customer_master_key_spec == "ECC_NIST_P256" && aws_kms_key.dnssec[0].key_usage == "SIGN_VERIFY"
    error_message = "Route 53 signs with this kind of key only."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.queries[0].name, "/aws/route53/") && length(aws_route53_health_check.api) == 0
    error_message = "Route 53 writes to groups of this name."
  }
}

run "the_api_through_the_cdn" {
  variables {
    api_through_cdn  = true
    api_distribution = { domain_name = "d2.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
  }

  assert {
    condition = (
      aws_route53_record.address["api.example.com AAAA"].alias[0].name == "d2.cloudfront.net" &&
      contains(aws_acm_certificate.cdn.subject_alternative_names, "api.example.com")
    )
    error_message = "Then CloudFront has the names and a certificate for them."
  }
}

run "refuses_an_address" {
  command = plan
  variables {
    domain = "https://example.com"
  }
  expect_failures = [var.domain]
}
