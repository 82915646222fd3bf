# The firewall is planned only, and apart from the groups: to apply one to a mocked provider takes 15 seconds.

mock_provider "aws" {
  source = "../../mocks"
}

# Sets of rules that name it could not be looked at while it is unknown.
override_resource {
  target          = aws_wafv2_regex_pattern_set.cdn[0]
  override_during = plan
  values          = { arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/regexpatternset/mocked/1" }
}

variables {
  name        = "voice-server-test"
  vpc_id      = "vpc-0123456789abcdef0"
  services    = ["voice", "api"]
  waf_enabled = false
  cdn_secret  = "0123456789abcdef0123456789abcdef"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "groups" {
  assert {
    condition = toset([
      for rule in concat(aws_vpc_security_group_ingress_rule.alb_https, aws_vpc_security_group_ingress_rule.alb_http) :
      "${rule.cidr_ipv4}:${rule.from_port}-${rule.to_port}"
    ]) == toset(["0.0.0.0/0:443-443", "0.0.0.0/0:80-80"])
    error_message = "The world reaches 80 and 443 of the load balancer."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.alb_cloudfront) == 0
    error_message = "CloudFront is part of the world."
  }
  assert {
    condition = alltrue(flatten([
      for rules in [
        aws_vpc_security_group_ingress_rule.service_from_alb, aws_vpc_security_group_ingress_rule.database_from_service,
        aws_vpc_security_group_ingress_rule.cache_from_service, aws_vpc_security_group_ingress_rule.endpoint_from_service,
      ] : [for rule in rules : rule.cidr_ipv4 == null && rule.referenced_security_group_id != null]
    ]))
    error_message = "Behind the load balancer, rules may name groups only, never addresses."
  }
  assert {
    condition = alltrue([
      for service, rule in aws_vpc_security_group_ingress_rule.service_from_alb :
      rule.security_group_id == output.service_security_group_ids[service]
      && rule.referenced_security_group_id == output.alb_security_group_id && rule.from_port == 8080 && rule.to_port == 8080
    ])
    error_message = "Tasks are reached by the load balancer on 8080 only."
  }
  assert {
    condition = alltrue([
      for service, rule in aws_vpc_security_group_ingress_rule.database_from_service :
      rule.referenced_security_group_id == output.service_security_group_ids[service] && rule.from_port == 5432 && rule.to_port == 5432
    ])
    error_message = "PostgreSQL is reached by the services on 5432 only."
  }
  assert {
    condition = alltrue([
      for service, rule in aws_vpc_security_group_ingress_rule.cache_from_service :
      rule.referenced_security_group_id == output.service_security_group_ids[service] && rule.from_port == 6379 && rule.to_port == 6379
    ])
    error_message = "The cache is reached by the services on 6379 only."
  }
  assert {
    condition     = toset(keys(output.service_security_group_ids)) == toset(["api", "voice"])
    error_message = "Every service has to have a group of its own."
  }
  assert {
    condition     = output.web_acl_arn == null && length(aws_cloudwatch_log_group.waf) == 0
    error_message = "Without a firewall nothing of it may be there."
  }
  assert {
    condition = toset(concat(
      [for rule in aws_vpc_security_group_egress_rule.service_https : rule.from_port],
      [for rule in aws_vpc_security_group_egress_rule.service_smtp : rule.from_port],
    )) == toset([443, 465, 587])
    error_message = "Tasks reach the world on 443 and the ports of mail over TLS only."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.service_smtp) == 4
    error_message = "Each service has to have each port of mail."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.alb_to_service : rule.cidr_ipv4 == null && rule.from_port == 8080])
    error_message = "The load balancer reaches tasks and nothing else."
  }
}

run "firewall" {
  command = plan

  variables {
    waf_enabled = true
  }

  assert {
    condition = alltrue([
      for name in ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"] :
      contains(flatten([for rule in aws_wafv2_web_acl.main[0].rule : rule.statement[*].managed_rule_group_statement[*].name]), name)
    ])
    error_message = "Managed rules are missing."
  }
  assert {
    condition = toset(flatten([
      for rule in aws_wafv2_web_acl.main[0].rule : [
        for override in flatten(rule.statement[*].managed_rule_group_statement[*].rule_action_override) :
        override.name if length(override.action_to_use[0].count) == 1
      ]
    ])) == toset(["SizeRestrictions_BODY", "CrossSiteScripting_BODY", "NoUserAgent_HEADER", "SQLi_BODY"])
    error_message = "Rules that would block audio and devices have to be counted, and only those."
  }
  assert {
    condition     = length(distinct([for rule in aws_wafv2_web_acl.main[0].rule : rule.priority])) == length(aws_wafv2_web_acl.main[0].rule)
    error_message = "Every rule needs a priority of its own."
  }
  assert {
    condition = { for rule in aws_wafv2_web_acl.main[0].rule : rule.name => rule.statement[0].rate_based_statement[0].limit if length(rule.statement[0].rate_based_statement) == 1 } == {
      requests-per-address = 3000, handshakes-per-address = 600, sign-ins-per-address = 200
      requests-per-viewer  = 3000, handshakes-per-viewer = 600, sign-ins-per-viewer = 200
    }
    error_message = "The limits have to be those of the variables, for those who come by themselves and through CloudFront."
  }
  assert {
    condition = alltrue(flatten([
      for rule in aws_wafv2_web_acl.main[0].rule : [
        for limit in rule.statement[0].rate_based_statement : (
          endswith(rule.name, "-viewer")
          ? limit.aggregate_key_type == "FORWARDED_IP" && limit.forwarded_ip_config[0].header_name == "X-Viewer-Address"
          : limit.aggregate_key_type == "IP" && length(limit.forwarded_ip_config) == 0
        )
      ]
    ]))
    error_message = "Through CloudFront the viewer is counted, else who connects."
  }
  assert {
    condition = alltrue(flatten([
      for rule in aws_wafv2_web_acl.main[0].rule : [
        for limit in rule.statement[0].rate_based_statement : alltrue([
          length(flatten(limit.scope_down_statement[0].and_statement[0].statement[*].regex_pattern_set_reference_statement)) == (endswith(rule.name, "-viewer") ? 1 : 0),
          length(flatten(limit.scope_down_statement[0].and_statement[0].statement[*].not_statement[*].statement[*].regex_pattern_set_reference_statement)) == (endswith(rule.name, "-viewer") ? 0 : 1),
        ])
      ]
    ]))
    error_message = "Who does not show the secret is counted as who they are, whatever their headers say, and nobody is counted twice."
  }
  assert {
    condition     = [for expression in aws_wafv2_regex_pattern_set.cdn[0].regular_expression : nonsensitive(expression.regex_string)] == ["^0123456789abcdef0123456789abcdef$"]
    error_message = "The whole secret, and nothing else."
  }
  assert {
    condition     = alltrue([for rule in aws_wafv2_web_acl.main[0].rule : !anytrue(rule.visibility_config[*].sampled_requests_enabled)])
    error_message = "Samples show keys in headers: none may be taken."
  }
  assert {
    condition     = startswith(aws_cloudwatch_log_group.waf[0].name, "aws-waf-logs-") && aws_cloudwatch_log_group.waf[0].kms_key_id == var.kms_key_arn
    error_message = "AWS accepts names that begin with aws-waf-logs- only, and the log holds addresses: encrypted."
  }
  assert {
    condition     = toset(flatten(aws_wafv2_web_acl_logging_configuration.main[0].redacted_fields[*].single_header[*].name)) == toset(["authorization", "cookie", "sec-websocket-protocol", "x-cdn-secret"])
    error_message = "Headers that carry keys have to be redacted."
  }
  assert {
    condition     = length(flatten(aws_wafv2_web_acl_logging_configuration.main[0].redacted_fields[*].query_string)) == 1
    error_message = "The query string has to be redacted."
  }
}

run "firewall_that_only_counts" {
  command = plan

  variables {
    waf_enabled     = true
    waf_counts_only = true
  }

  assert {
    condition = !anytrue([
      for rule in aws_wafv2_web_acl.main[0].rule :
      length(flatten(rule.action[*].block)) > 0 || length(flatten(rule.override_action[*].none)) > 0
    ])
    error_message = "Nothing may be blocked while the firewall only counts."
  }
}

run "nobody_but_cloudfront" {
  command = plan

  variables {
    through_cdn = true
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.alb_https) + length(aws_vpc_security_group_ingress_rule.alb_http) == 0
    error_message = "Where everything comes through CloudFront, the world does not reach the load balancer."
  }
  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.alb_cloudfront[0].prefix_list_id == "pl-cloudfront" &&
      aws_vpc_security_group_ingress_rule.alb_cloudfront[0].from_port == 443 && aws_vpc_security_group_ingress_rule.alb_cloudfront[0].to_port == 443
    )
    error_message = "CloudFront reaches it on one port: its list takes nearly all the rules that a group may have."
  }
}

run "no_services" {
  command = plan

  variables {
    services = []
  }

  expect_failures = [var.services]
}
