"""A SECRET_KEY gives way to the next in two applies, on the emulator: what is in use is never written over."""

import json
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest

from tests.deploy.aws.emulator import Emulator, emulator
from tests.deploy.aws.stack import Stack
from tests.deploy.terraform import copy_to

pytestmark = pytest.mark.timeout(300)

ROOT = """
variable "versions" {
  type = map(number)
}

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 2
}

ephemeral "aws_secretsmanager_random_password" "new" {
  password_length     = 48
  exclude_punctuation = true
}

module "secrets" {
  source = "../modules/secrets"

  name               = "rotated"
  kms_key_arn        = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  secret_key         = ephemeral.aws_secretsmanager_random_password.new.random_password
  api_key            = ephemeral.aws_secretsmanager_random_password.new.random_password
  metrics_token      = ephemeral.aws_secretsmanager_random_password.new.random_password
  secret_key_version = var.versions["newest"]
  secret_key_in_use  = var.versions["in_use"]
}

output "secret_key_arns" {
  value = module.secrets.secret_key_arns
}

output "app_secret_arn" {
  value = module.secrets.app_secret_arn
}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    with emulator() as running:
        yield running


@pytest.fixture(scope="module")
def stack(aws: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The secrets alone, with keys made up as the environments do."""
    terraform = copy_to(tmp_path_factory.mktemp("secrets"))
    folder = terraform.tree / "rotation"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT)
    terraform.init("rotation")
    return Stack(replace(terraform, extra=aws.environment), "rotation", {})


def applied(stack: Stack, aws: Emulator, newest: int, in_use: int) -> tuple[list[str], str]:
    """The keys that tasks get, the one in use first; and the other secret."""
    stack.with_changed(versions={"newest": newest, "in_use": in_use}).run("apply", "-no-color", "-auto-approve")
    outputs = json.loads(stack.run("output", "-no-color", "-json"))
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def value(arn: str) -> str:
        return str(secrets.get_secret_value(SecretId=arn)["SecretString"])

    return [value(arn) for arn in outputs["secret_key_arns"]["value"]], value(outputs["app_secret_arn"]["value"])


def test_two_applies_make_a_key_and_then_use_it(stack: Stack, aws: Emulator) -> None:
    [first], app = applied(stack, aws, 1, 1)
    [in_use, second], _ = applied(stack, aws, 2, 1)
    assert in_use == first != second
    assert applied(stack, aws, 2, 2) == ([second, first], app)
    [in_use, third], _ = applied(stack, aws, 3, 2)
    assert in_use == second
    assert third not in {first, second}
    # And at once, where nothing that leaked may go on.
    keys, _ = applied(stack, aws, 5, 5)
    assert not {first, second, third}.intersection(keys)
    assert min(len(key) for key in keys) == 48
