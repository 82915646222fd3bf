# Rules are written out one by one, not generated: scanners and readers see which are there.
#
# The firewall sees the handshake of a WebSocket and nothing of what is said after it.

locals {
  # Behind the CDN every request comes from the CDN's own addresses: people are counted by the address that it passes
  # on. Who forges more addresses in front of it escapes the limits here, not those of the server's accounts.
  counted_address = var.through_cdn ? "FORWARDED_IP" : "IP"
}

resource "aws_wafv2_web_acl" "main" {
  count = var.waf_enabled ? 1 : 0

  name        = var.name
  description = "In front of the load balancer of ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "requests-per-address"
    priority = 10

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
        limit                 = var.waf_requests_per_ip
        evaluation_window_sec = 300
        aggregate_key_type    = local.counted_address

        dynamic "forwarded_ip_config" {
          for_each = var.through_cdn ? [1] : []
          content {
            header_name       = "X-Forwarded-For"
            fallback_behavior = "MATCH"
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "requests-per-address"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "handshakes-per-address"
    priority = 11

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
        limit                 = var.waf_handshakes_per_ip
        evaluation_window_sec = 300
        aggregate_key_type    = local.counted_address

        dynamic "forwarded_ip_config" {
          for_each = var.through_cdn ? [1] : []
          content {
            header_name       = "X-Forwarded-For"
            fallback_behavior = "MATCH"
          }
        }

        scope_down_statement {
          byte_match_statement {
            search_string         = "/v1/realtime"
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
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "handshakes-per-address"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "sign-ins-per-address"
    priority = 12

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
        limit                 = var.waf_sign_ins_per_ip
        evaluation_window_sec = 300
        aggregate_key_type    = local.counted_address

        dynamic "forwarded_ip_config" {
          for_each = var.through_cdn ? [1] : []
          content {
            header_name       = "X-Forwarded-For"
            fallback_behavior = "MATCH"
          }
        }

        scope_down_statement {
          byte_match_statement {
            search_string         = "/api/v1/auth/"
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
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "sign-ins-per-address"
      sampled_requests_enabled   = false
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
