# Local zones and zones that an account has to opt in to have no load balancer or NAT of their own.
data "aws_availability_zones" "regional" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = slice(
    length(var.azs) > 0 ? var.azs : sort(data.aws_availability_zones.regional.names),
    0,
    var.zone_count,
  )

  # Third octet of the first subnet of each tier; room for ten zones between them.
  first_public   = 1
  first_private  = 11
  first_database = 21
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

# Adopted and left without rules: whatever is started without naming a group gets no network.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-closed" }
}

resource "aws_subnet" "public" {
  count = var.zone_count

  vpc_id                  = aws_vpc.main.id
  cidr_block              = cidrsubnet(var.cidr, 8, local.first_public + count.index)
  availability_zone       = local.zones[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${count.index + 1}" }
}

resource "aws_subnet" "private" {
  count = var.zone_count

  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(var.cidr, 8, local.first_private + count.index)
  availability_zone = local.zones[count.index]

  tags = { Name = "${var.name}-private-${count.index + 1}" }
}

resource "aws_subnet" "database" {
  count = var.zone_count

  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(var.cidr, 8, local.first_database + count.index)
  availability_zone = local.zones[count.index]

  tags = { Name = "${var.name}-database-${count.index + 1}" }
}
