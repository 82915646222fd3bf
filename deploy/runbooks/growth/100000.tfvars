# 100,000 people who speak ten minutes a month each: beside terraform.tfvars.
services = {
  voice     = { roles = ["voice"], cpu = 1024, memory = 2048, min = 5, max = 20 }
  api       = { roles = ["api", "auth", "users"], cpu = 1024, memory = 2048, min = 3, max = 10 }
  analytics = { roles = ["analytics"], cpu = 512, memory = 1024, min = 2, max = 4 }
}
nat_gateway_count       = 3
database_instance_class = "db.m7g.large"
database_storage_gb     = 200
cache_node_type         = "cache.t4g.medium"
monthly_budget_usd      = 1700
