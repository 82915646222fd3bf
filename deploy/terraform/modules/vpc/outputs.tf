output "vpc_id" {
  description = "Id of the network."
  value       = aws_vpc.main.id
}

output "vpc_cidr" {
  description = "IPv4 range of the network."
  value       = aws_vpc.main.cidr_block
}

output "zones" {
  description = "Availability zones in use, in the order of the subnets: what to pin in `azs`."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer and the NAT gateways, one a zone."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "Subnets of the tasks, one a zone: out through a NAT gateway, never in."
  value       = aws_subnet.private[*].id
}

output "database_subnet_ids" {
  description = "Subnets of database and cache, one a zone: no route out of the network."
  value       = aws_subnet.database[*].id
}

output "nat_public_ips" {
  description = "Public addresses that requests to providers come from, for their allow lists. Empty without NAT."
  value       = aws_eip.nat[*].public_ip
}

output "s3_endpoint_id" {
  description = "Id of the gateway endpoint of S3."
  value       = aws_vpc_endpoint.s3.id
}

output "interface_endpoint_ids" {
  description = "Ids of the interface endpoints by service."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "nat_gateway_ids" {
  description = "Dimension `NatGatewayId` of their metrics, in the order of nat_public_ips."
  value       = aws_nat_gateway.main[*].id
}
