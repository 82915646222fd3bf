# 10,000 people: beside terraform.tfvars.
services = {
  voice = { roles = ["voice"], cpu = 1024, memory = 2048, min = 2, max = 10 }
  api   = { roles = ["api", "auth", "users", "analytics"], cpu = 512, memory = 1024, min = 2, max = 6 }
}
nat_gateway_count       = 3
database_instance_class = "db.t4g.medium"
database_storage_gb     = 50
cache_node_type         = "cache.t4g.small"
monthly_budget_usd      = 600
