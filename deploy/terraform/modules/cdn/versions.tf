terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"

      # Log delivery of CloudFront is set up in us-east-1, wherever the rest is.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
