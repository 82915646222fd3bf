output "bucket" {
  description = "Name of the bucket with the states."
  value       = module.state.bucket
}

output "bucket_policy" {
  description = "Policy of that bucket, JSON."
  value       = module.state.policy
}

output "key_arn" {
  description = "Key that encrypts the states; who applies an environment needs to use it."
  value       = aws_kms_key.state.arn
}

output "backend_hcl" {
  description = "Content of backend.hcl of an environment, but for its key: `terraform output -raw backend_hcl > ../environments/production/backend.hcl`, then `terraform init -backend-config=backend.hcl`."
  value       = <<-HCL
    bucket       = "${module.state.bucket}"
    region       = "${var.region}"
    encrypt      = true
    kms_key_id   = "${aws_kms_key.state.arn}"
    use_lockfile = true
  HCL
}
