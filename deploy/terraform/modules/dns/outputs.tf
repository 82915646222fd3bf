output "zone_id" {
  description = "Id of the hosted zone."
  value       = local.zone_id
}

output "name_servers" {
  description = "To be entered at the registrar where the zone was made here."
  value       = var.create_zone ? aws_route53_zone.this[0].name_servers : []
}

output "ds_record" {
  description = "To be entered at the registrar once the zone is signed; empty otherwise."
  value       = var.enable_dnssec ? aws_route53_key_signing_key.this[0].ds_record : ""
}

output "regional_certificate_arn" {
  description = "Once it is issued."
  value       = aws_acm_certificate_validation.regional.certificate_arn
}

output "cdn_certificate_arn" {
  description = "Once it is issued; in us-east-1."
  value       = aws_acm_certificate_validation.cdn.certificate_arn
}

output "hosts" {
  description = "Host names of the system by what they are for."
  value       = { api = local.api_host, webhook = local.webhook_host, dashboard = local.dashboard_host }
}
