terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"

      # CloudFront's certificate, Route 53's metrics and the log delivery of both exist in us-east-1 only. Copies of the
      # backups are kept where aws.backup is.
      configuration_aliases = [aws.us_east_1, aws.backup]
    }
  }
}
