# Managed rules are written out one by one, not generated: scanners and readers see which are there. Limits are a table,
# because each is there twice.
#
# The firewall sees the handshake of a WebSocket and nothing of what is said after it.

locals {
  # What is counted, by address in five minutes: requests to paths that begin like this.
  limits = {
    requests   = { position = 0, path = "/", most = var.waf_requests_per_ip }
    handshakes = { position = 1, path = "/v1/realtime", most = var.waf_handshakes_per_ip }
    sign-ins   = { position = 2, path = "/api/v1/auth/", most = var.waf_sign_ins_per_ip }
  }
}

# What CloudFront shows. Apart from the rules, so that these can still be read in a plan, which hides what is secret.
resource "aws_wafv2_regex_pattern_set" "cdn" {
  count = var.waf_enabled ? 1 : 0

  name        = "${var.name}-cdn"
  description = "What CloudFront shows at the load balancer of ${var.name}"
  scope       = "REGIONAL"

  regular_expression {
    regex_string = "^${var.cdn_secret}$"
  }
}

resource "aws_wafv2_web_acl" "main" {
  count = var.waf_enabled ? 1 : 0

  name        = var.name
  description = "In front of the load balancer of ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  # Who asks the load balancer by themselves is who connects to it, whatever their headers say.
  dynamic "rule" {
    for_each = local.limits

    content {
      name     = "${rule.key}-per-address"
      priority = 10 + rule.value.position

      action {
        dynamic "block" {
          for_each = var.waf_counts_only ? [] : [1]
          content {
            custom_response {
              response_code = 429
            }
          }
        }
        dynamic "count" {
          for_each = var.waf_counts_only ? [1] : []
          content {}
        }
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.most
          evaluation_window_sec = 300
          aggregate_key_type    = "IP"

          scope_down_statement {
            and_statement {
              statement {
                byte_match_statement {
                  search_string         = rule.value.path
                  positional_constraint = "STARTS_WITH"

                  field_to_match {
                    uri_path {}
                  }
                  text_transformation {
                    priority = 0
                    type     = "NORMALIZE_PATH"
                  }
                }
              }
              statement {
                not_statement {
                  statement {
                    regex_pattern_set_reference_statement {
                      arn = aws_wafv2_regex_pattern_set.cdn[0].arn

                      field_to_match {
                        single_header {
                          name = lower(var.cdn_secret_header)
                        }
                      }
                      text_transformation {
                        priority = 0
                        type     = "NONE"
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${rule.key}-per-address"
        sampled_requests_enabled   = false
      }
    }
  }

  # Behind CloudFront every request comes from its own addresses: people are counted by the one that it says (modules/cdn),
  # which is believed only of who knows its secret.
  dynamic "rule" {
    for_each = local.limits

    content {
      name     = "${rule.key}-per-viewer"
      priority = 15 + rule.value.position

      action {
        dynamic "block" {
          for_each = var.waf_counts_only ? [] : [1]
          content {
            custom_response {
              response_code = 429
            }
          }
        }
        dynamic "count" {
          for_each = var.waf_counts_only ? [1] : []
          content {}
        }
      }

      statement {
        rate_based_statement {
          limit                 = rule.value.most
          evaluation_window_sec = 300
          aggregate_key_type    = "FORWARDED_IP"

          forwarded_ip_config {
            header_name       = "X-Viewer-Address"
            fallback_behavior = "MATCH"
          }

          scope_down_statement {
            and_statement {
              statement {
                byte_match_statement {
                  search_string         = rule.value.path
                  positional_constraint = "STARTS_WITH"

                  field_to_match {
                    uri_path {}
                  }
                  text_transformation {
                    priority = 0
                    type     = "NORMALIZE_PATH"
                  }
                }
              }
              statement {
                regex_pattern_set_reference_statement {
                  arn = aws_wafv2_regex_pattern_set.cdn[0].arn

                  field_to_match {
                    single_header {
                      name = lower(var.cdn_secret_header)
                    }
                  }
                  text_transformation {
                    priority = 0
                    type     = "NONE"
                  }
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${rule.key}-per-viewer"
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "known-bad-addresses"
    priority = 20

    override_action {
      dynamic "none" {
        for_each = var.waf_counts_only ? [] : [1]
        content {}
      }
      dynamic "count" {
        for_each = var.waf_counts_only ? [1] : []
        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-bad-addresses"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "common"
    priority = 30

    override_action {
      dynamic "none" {
        for_each = var.waf_counts_only ? [] : [1]
        content {}
      }
      dynamic "count" {
        for_each = var.waf_counts_only ? [1] : []
        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        # It blocks bodies over 8 KB, which every upload of audio is; the server has limits of its own.
        rule_action_override {
          name = "SizeRestrictions_BODY"
          action_to_use {
            count {}
          }
        }

        # Audio is any bytes, also those of a script tag.
        rule_action_override {
          name = "CrossSiteScripting_BODY"
          action_to_use {
            count {}
          }
        }

        # WebSocket libraries of devices send no User-Agent.
        rule_action_override {
          name = "NoUserAgent_HEADER"
          action_to_use {
            count {}
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = 31

    override_action {
      dynamic "none" {
        for_each = var.waf_counts_only ? [] : [1]
        content {}
      }
      dynamic "count" {
        for_each = var.waf_counts_only ? [1] : []
        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "sql-injection"
    priority = 32

    override_action {
      dynamic "none" {
        for_each = var.waf_counts_only ? [] : [1]
        content {}
      }
      dynamic "count" {
        for_each = var.waf_counts_only ? [1] : []
        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesSQLiRuleSet"

        # People may write to an assistant about SQL, and the server never builds statements from text.
        rule_action_override {
          name = "SQLi_BODY"
          action_to_use {
            count {}
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "sql-injection"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    # Samples show whole headers in the console, keys among them; the log below has them redacted.
    sampled_requests_enabled = false
  }

  tags = { Name = var.name }
}
