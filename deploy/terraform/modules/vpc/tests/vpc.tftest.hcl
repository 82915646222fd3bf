mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "voice-server-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "default_network" {
  assert {
    condition     = [for subnet in aws_subnet.public : subnet.cidr_block] == ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"]
    error_message = "Public subnets have to be 10.0.1.0/24 to 10.0.3.0/24."
  }
  assert {
    condition     = [for subnet in aws_subnet.private : subnet.cidr_block] == ["10.0.11.0/24", "10.0.12.0/24", "10.0.13.0/24"]
    error_message = "Private subnets have to be 10.0.11.0/24 to 10.0.13.0/24."
  }
  assert {
    condition     = [for subnet in aws_subnet.database : subnet.cidr_block] == ["10.0.21.0/24", "10.0.22.0/24", "10.0.23.0/24"]
    error_message = "Database subnets have to be 10.0.21.0/24 to 10.0.23.0/24."
  }
  assert {
    condition = alltrue([
      for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.database] :
      [for subnet in tier : subnet.availability_zone] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    ])
    error_message = "Each tier has to have one subnet a zone, zones in the order of their names."
  }
  assert {
    condition     = !anytrue(aws_subnet.public[*].map_public_ip_on_launch)
    error_message = "Nothing may get a public address by being started."
  }
  assert {
    condition     = length(aws_nat_gateway.main) == 1 && length(output.nat_public_ips) == 1
    error_message = "One NAT gateway is the default."
  }
  assert {
    condition     = length(toset(aws_route.private_to_nat[*].nat_gateway_id)) == 1 && length(aws_route.private_to_nat) == 3
    error_message = "With one NAT gateway every zone goes out through it."
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "Interface endpoints cost money: none by default."
  }
  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "The default security group has to have no rules."
  }
  assert {
    condition     = aws_flow_log.refused.traffic_type == "REJECT" && aws_cloudwatch_log_group.flow.retention_in_days == 30
    error_message = "Refused connections have to be logged, for 30 days."
  }
  assert {
    condition     = aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "Flow logs have to be encrypted with the key."
  }
  assert {
    condition     = !contains(aws_route.private_to_nat[*].route_table_id, aws_route_table.database.id) && aws_route.public_to_internet.route_table_id != aws_route_table.database.id
    error_message = "The database tier may have no route out."
  }
  assert {
    condition     = toset(aws_route_table_association.database[*].route_table_id) == toset([aws_route_table.database.id])
    error_message = "Every database subnet has to use the table without a route out."
  }
  assert {
    condition     = toset(aws_vpc_endpoint.s3.route_table_ids) == toset(aws_route_table.private[*].id)
    error_message = "S3 has to be reached from every private subnet without the NAT, and from nowhere else."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement :
      try(statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012", false)
      || statement.Resource == "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*"
    ])
    error_message = "Only buckets of this account and the bucket of image layers may be reached."
  }
  assert {
    condition = !anytrue([
      for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement : contains(flatten([statement.Action]), "*") || contains(flatten([statement.Action]), "s3:*")
    ])
    error_message = "The policy has to name its actions."
  }
}

run "gateway_in_each_zone" {
  variables {
    nat_gateway_count = 3
  }

  assert {
    condition     = aws_route.private_to_nat[*].nat_gateway_id == aws_nat_gateway.main[*].id
    error_message = "With a NAT gateway in each zone, each zone has to use its own."
  }
}

run "two_gateways_for_three_zones" {
  variables {
    nat_gateway_count = 2
  }

  assert {
    condition     = aws_route.private_to_nat[2].nat_gateway_id == aws_nat_gateway.main[0].id
    error_message = "The third zone has to share a gateway."
  }
}

run "no_gateway_with_endpoints" {
  variables {
    nat_gateway_count          = 0
    interface_endpoints        = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "monitoring"]
    endpoint_security_group_id = "sg-0123456789abcdef0"
  }

  assert {
    condition     = length(aws_route.private_to_nat) == 0 && length(aws_eip.nat) == 0
    error_message = "Without NAT gateways there may be no address and no route."
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["ecr.dkr"].policy).Statement[0].Action == "ecr:*"
    error_message = "An endpoint may serve its own service only."
  }
  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["monitoring"].policy).Statement[0].Action == "cloudwatch:*"
    error_message = "The actions of `monitoring` begin with cloudwatch."
  }
  assert {
    condition = alltrue([
      for endpoint in aws_vpc_endpoint.interface :
      jsondecode(endpoint.policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == "123456789012"
    ])
    error_message = "Endpoints may serve principals of this account only."
  }
}

run "pinned_zones" {
  variables {
    zone_count = 2
    azs        = ["eu-central-1c", "eu-central-1b"]
  }

  assert {
    condition     = output.zones == tolist(["eu-central-1c", "eu-central-1b"]) && length(output.private_subnet_ids) == 2
    error_message = "Zones that are named have to be used in their order."
  }
}

run "no_gateway_and_no_endpoints" {
  command = plan

  variables {
    nat_gateway_count = 0
  }

  expect_failures = [var.interface_endpoints]
}

run "endpoints_without_a_group" {
  command = plan

  variables {
    interface_endpoints = ["logs"]
  }

  expect_failures = [aws_vpc_endpoint.interface]
}

run "more_gateways_than_zones" {
  command = plan

  variables {
    zone_count        = 2
    nat_gateway_count = 3
  }

  expect_failures = [var.nat_gateway_count]
}

run "fewer_zones_named_than_wanted" {
  command = plan

  variables {
    azs = ["eu-central-1a", "eu-central-1a", "eu-central-1b"]
  }

  expect_failures = [var.azs]
}
