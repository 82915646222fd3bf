"""What nobody may write into deploy/terraform, found in its text: no Terraform is needed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.terraform import MODULES, SOURCE

# What tests and mocks take for an account; AWS's own documentation uses it.
EXAMPLE_ACCOUNT = "123456789012"
_WORLD = re.compile(r"0\.0\.0\.0/0|::/0")
_KEYS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bsk-[A-Za-z0-9_-]{16,}|\bsk_[0-9a-f]{32,}|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_SECRET_TEXT = re.compile(r'^\s*\w*(?:password|auth_token|secret_string|api_key|secret_key)\s*=\s*"[^"$]', re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One top-level block of a formatted file: `kind` and its labels, and the text between the braces."""

    file: Path
    kind: str
    labels: tuple[str, ...]
    body: str

    @property
    def name(self) -> str:
        return f"{self.file.parent.name}/{self.file.name}: {' '.join((self.kind, *self.labels))}"


def blocks(file: Path, text: str) -> list[Block]:
    """The top-level blocks of a file as `terraform fmt` leaves it: a block ends at the first brace of column one."""
    found = re.finditer(r'^(\w+)((?: "[^"]+")*) \{(?:\}|\n(.*?)^\})', text, re.MULTILINE | re.DOTALL)
    return [Block(file, each[1], tuple(re.findall(r'"([^"]+)"', each[2])), each[3] or "") for each in found]


def _all_blocks() -> list[Block]:
    return [block for file in sorted(SOURCE.rglob("*.tf")) for block in blocks(file, file.read_text())]


def _without_comments(text: str) -> str:
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def is_open_to_the_world(block: Block) -> bool:
    """Whether a block names the whole internet where it may not.

    It may in routes, in what the load balancer lets in, and in what tasks reach.
    """
    if not _WORLD.search(_without_comments(block.body)):
        return False
    match block.labels:
        case ("aws_route", _):
            return False
        case ("aws_vpc_security_group_ingress_rule", name):
            return not name.startswith("alb_")
        case ("aws_vpc_security_group_egress_rule", name):
            return not name.startswith("service_")
        case _:
            return True


def lacks(block: Block, *arguments: str) -> list[str]:
    """Arguments that a block does not give, or gives empty."""
    return [name for name in arguments if not re.search(rf'^  {name}\s*=\s*(?!""$)\S', block.body, re.MULTILINE)]


def has_key(text: str) -> bool:
    return bool(_KEYS.search(text))


def has_account(text: str) -> bool:
    """Whether twelve digits stand for an account; a UUID's last part, with hyphens, is none."""
    return bool(re.search(r"(?<![\w-])\d{12}(?![\w-])", text.replace(EXAMPLE_ACCOUNT, "")))


def has_latest(text: str) -> bool:
    return bool(re.search(r":latest\b", _without_comments(text)))


def has_secret_text(text: str) -> bool:
    return bool(_SECRET_TEXT.search(text))


def _files(*patterns: str) -> list[Path]:
    return sorted(file for pattern in patterns for file in SOURCE.rglob(pattern) if ".terraform" not in file.parts)


def _configurations() -> list[Path]:
    return sorted({file.parent for file in _files("*.tf")})


def test_nothing_behind_the_load_balancer_is_open_to_the_world() -> None:
    assert [block.name for block in _all_blocks() if is_open_to_the_world(block)] == []


@pytest.mark.parametrize("found", [has_latest, has_key, has_account])
def test_no_file_has(found: Callable[[str], bool]) -> None:
    files = _files("*.tf", "*.hcl", "*.example", "*.tfvars")

    assert len(files) > 50
    assert [str(file) for file in files if found(file.read_text())] == []


def test_no_configuration_writes_a_secret_down() -> None:
    files = _files("*.tf", "*.example", "*.tfvars")

    assert [str(file) for file in files if has_secret_text(file.read_text())] == []
    assert [block.name for block in _all_blocks() if block.labels[:1] == ("random_password",)] == []


def test_the_example_account_is_in_tests_only() -> None:
    files = _files("*.tf", "*.example", "*.tfvars")

    assert [str(file) for file in files if EXAMPLE_ACCOUNT in file.read_text()] == []


def test_policies_are_written_where_a_mocked_provider_leaves_them() -> None:
    assert [block.name for block in _all_blocks() if block.labels[:1] == ("aws_iam_policy_document",)] == []


def test_every_variable_says_what_it_is() -> None:
    variables = [block for block in _all_blocks() if block.kind == "variable"]

    assert len(variables) > 50
    assert {block.name: missing for block in variables if (missing := lacks(block, "description", "type"))} == {}


def test_every_output_says_what_it_is() -> None:
    outputs = [block for block in _all_blocks() if block.kind == "output"]

    assert len(outputs) > 30
    assert {block.name: missing for block in outputs if (missing := lacks(block, "description", "value"))} == {}


def test_every_configuration_pins_terraform_and_the_provider() -> None:
    folders = _configurations()

    assert MODULES / "kms" in folders
    for folder in folders:
        versions = (folder / "versions.tf").read_text()
        assert re.search(r'required_version = ">= 1\.11(, < 2\.0)?"', versions), folder
        assert re.search(r'source\s+= "hashicorp/aws"\n\s+version\s+= "~> 5\.100"', versions), folder
        assert versions.count("source ") == 1, f"{folder} takes more providers than AWS"


def test_every_root_has_its_lock_file() -> None:
    """With the hashes of every platform's archive: a file with one machine's alone fails on all others."""
    roots = [SOURCE / "bootstrap", *(SOURCE / "environments").glob("*/")]

    assert len(roots) == 3
    for root in roots:
        lock = (root / ".terraform.lock.hcl").read_text()
        assert 'version     = "5.100.0"' in lock, root
        assert lock.count('"zh:') >= 14, root
        assert '"h1:' in lock, root


def test_every_module_has_its_files() -> None:
    for module in sorted(path for path in MODULES.iterdir() if path.is_dir()):
        for name in ("variables.tf", "outputs.tf", "versions.tf"):
            assert (module / name).is_file(), f"{module.name} has no {name}"
        assert list((module / "tests").glob("*.tftest.hcl")), f"{module.name} has no tests"


def test_no_test_hides_what_it_asks() -> None:
    """Each run asks something: an `assert`, or a failure it expects."""
    for file in _files("*.tftest.hcl"):
        for block in blocks(file, file.read_text()):
            if block.kind == "run":
                assert "assert {" in block.body or "expect_failures" in block.body, block.name


HERE = Path("here.tf")


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ('resource "aws_vpc_security_group_ingress_rule" "alb_https" {\n  cidr_ipv4 = "0.0.0.0/0"\n}', False),
        ('resource "aws_vpc_security_group_ingress_rule" "database" {\n  cidr_ipv4 = "0.0.0.0/0"\n}', True),
        ('resource "aws_vpc_security_group_ingress_rule" "service_x" {\n  cidr_ipv6 = "::/0"\n}', True),
        ('resource "aws_vpc_security_group_egress_rule" "service_https" {\n  cidr_ipv4 = "0.0.0.0/0"\n}', False),
        ('resource "aws_vpc_security_group_egress_rule" "alb_all" {\n  cidr_ipv4 = "0.0.0.0/0"\n}', True),
        ('resource "aws_security_group" "alb_x" {\n  ingress {\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}', True),
        ('variable "from" {\n  default = ["0.0.0.0/0"]\n}', True),
        ('resource "aws_route" "out" {\n  destination_cidr_block = "0.0.0.0/0"\n}', False),
        ('resource "aws_db_instance" "x" {\n  # never 0.0.0.0/0\n}', False),
    ],
)
def test_the_search_for_the_world(text: str, is_open: bool) -> None:
    (block,) = blocks(HERE, text)

    assert is_open_to_the_world(block) is is_open


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (has_latest, 'image = "${url}:latest"'),
        (has_key, 'key = "AKIA' + "ABCDEFGHIJKLMNOP" + '"'),
        (has_key, "sk-" + "proj-0123456789abcdef"),
        (has_key, "-----BEGIN RSA " + "PRIVATE KEY-----"),
        (has_account, 'arn = "arn:aws:iam::' + "210987654321" + ':root"'),
        (has_secret_text, '  password = "hunter2"'),
        (has_secret_text, '  cache_auth_token = "0123"'),
        (has_secret_text, '  secret_string = "x"'),
    ],
)
def test_what_is_looked_for_is_found(found: Callable[[str], bool], text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (has_latest, "# never :latest"),
        (has_account, "11111111-2222-3333-4444-555555555555"),
        (has_account, "zh:0123456789ab" + "210987654321"),
        (has_secret_text, "  manage_master_user_password = true"),
        (has_secret_text, '  secret_string = "${ephemeral.x}"'),
    ],
)
def test_what_is_harmless_is_not_found(found: Callable[[str], bool], text: str) -> None:
    assert not found(text)


def test_what_a_block_lacks() -> None:
    (block,) = blocks(HERE, 'variable "x" {\n  description = ""\n  validation {\n    type = 1\n  }\n}')

    assert lacks(block, "description", "type") == ["description", "type"]
