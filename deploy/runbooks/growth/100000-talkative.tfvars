# 100,000 people who speak an hour a month each: beside terraform.tfvars.
services = {
  voice     = { roles = ["voice"], cpu = 1024, memory = 2048, min = 18, max = 40 }
  api       = { roles = ["api", "auth", "users"], cpu = 1024, memory = 2048, min = 4, max = 12 }
  analytics = { roles = ["analytics"], cpu = 512, memory = 1024, min = 2, max = 4 }
}
nat_gateway_count       = 3
database_instance_class = "db.r7g.large"
database_storage_gb     = 500
cache_node_type         = "cache.m7g.large"
monthly_budget_usd      = 6000
