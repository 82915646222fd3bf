terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

# CloudFront's certificate, Route 53's metrics and the log delivery of both exist here only.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

# Where copies of the backups are kept; without backup_region nothing is made by it.
provider "aws" {
  alias  = "backup"
  region = var.backup_region == "" ? var.region : var.backup_region

  default_tags {
    tags = local.tags
  }
}
