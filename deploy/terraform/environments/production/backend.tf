# Bucket and key of the states come from bootstrap: terraform init -backend-config=backend.hcl
terraform {
  backend "s3" {
    key          = "production/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
