# By RDS' formula, memory / 9,531,392 bytes, less what the system keeps of it: about 80 for each GiB, and 5,000 at most.
locals {
  connections_a_gib = 80

  memory_gib = {
    "db.t4g.micro"   = 1
    "db.t4g.small"   = 2
    "db.t4g.medium"  = 4
    "db.t4g.large"   = 8
    "db.m7g.large"   = 8
    "db.m7g.xlarge"  = 16
    "db.r7g.large"   = 16
    "db.r7g.xlarge"  = 32
    "db.r7g.2xlarge" = 64
  }

  max_connections = coalesce(
    var.max_connections, min(5000, local.connections_a_gib * lookup(local.memory_gib, var.instance_class, 0))
  )
}
