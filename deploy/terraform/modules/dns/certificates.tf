# The load balancer's certificate is in its region, CloudFront's in us-east-1. The load balancer's names dashboard. too:
# CloudFront asks it by that name.

locals {
  cdn_hosts = concat([local.dashboard_host], var.api_through_cdn ? [local.api_host, local.webhook_host] : [])

  # The same host has the same validation record in every certificate of an account: one record each.
  validations = { for option in aws_acm_certificate.regional.domain_validation_options : option.domain_name => option }
}

resource "aws_acm_certificate" "regional" {
  domain_name               = local.api_host
  subject_alternative_names = [local.webhook_host, local.dashboard_host]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_acm_certificate" "cdn" {
  provider = aws.us_east_1

  domain_name               = local.cdn_hosts[0]
  subject_alternative_names = slice(local.cdn_hosts, 1, length(local.cdn_hosts))
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  # Keys have to be known while planning; what the records say is not.
  for_each = local.hosts

  zone_id         = local.zone_id
  name            = local.validations[each.key].resource_record_name
  type            = local.validations[each.key].resource_record_type
  records         = [local.validations[each.key].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "regional" {
  certificate_arn         = aws_acm_certificate.regional.arn
  validation_record_fqdns = [for host in local.hosts : aws_route53_record.validation[host].fqdn]

  depends_on = [aws_route53_record.issuer]
}

resource "aws_acm_certificate_validation" "cdn" {
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.cdn.arn
  validation_record_fqdns = [for host in local.cdn_hosts : aws_route53_record.validation[host].fqdn]

  depends_on = [aws_route53_record.issuer]
}
