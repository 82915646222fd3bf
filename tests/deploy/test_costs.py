"""The bill: it adds up, it follows the variables, and the written tables are what the command prints."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.costs.bill import Line, infrastructure, providers, total
from deploy.costs.configuration import Configuration, read_configuration
from deploy.costs.plans import booking_plan, science_plan
from deploy.costs.prices import PriceList, UnknownPrice, read_prices
from deploy.costs.report import readme
from deploy.costs.usage import Usage

ROOT = Path(__file__).parents[2]
README = ROOT / "deploy" / "costs" / "README.md"


@pytest.fixture
def prices() -> PriceList:
    return read_prices()


@pytest.fixture
def production() -> Configuration:
    return read_configuration("production")


def line(lines: list[Line], name: str) -> float:
    return next(each.dollars for each in lines if each.name == name)


def test_production_costs_no_more_than_the_plan_that_it_began_from(
    production: Configuration, prices: PriceList
) -> None:
    planned = sum(position.corrected for position in booking_plan(prices))
    assert planned == pytest.approx(229, abs=1)
    assert total(infrastructure(production, Usage(), prices)) <= planned


def test_the_plans_are_put_right_as_arithmetic_has_it(prices: PriceList) -> None:
    assert sum(position.planned for position in booking_plan(prices)) == 177
    assert sum(position.planned for position in science_plan(prices)) == 472
    fargate = science_plan(prices)[0]
    assert fargate.corrected == pytest.approx(99.11, abs=0.01)
    assert booking_plan(prices)[0].corrected == pytest.approx(36.04, abs=0.01)


def test_lines_follow_the_variables(production: Configuration, prices: PriceList) -> None:
    def bill(**changed: object) -> list[Line]:
        return infrastructure(production.with_changed(**changed), Usage(), prices)

    one = line(bill(nat_gateway_count=1), "NAT")
    assert line(bill(nat_gateway_count=3), "NAT") == pytest.approx(3 * one)
    assert "NAT" not in {each.name for each in bill(nat_gateway_count=0)}
    endpoints = bill(interface_endpoints=["logs", "ecr.api", "ecr.dkr", "secretsmanager"])
    assert line(endpoints, "Interface endpoints") == pytest.approx(87.60)
    both = line(bill(), "PostgreSQL: instances")
    assert line(bill(database_multi_az=False), "PostgreSQL: instances") == pytest.approx(both / 2)
    arm = line(bill(), "Fargate: voice")
    assert arm < line(bill(cpu_architecture="X86_64"), "Fargate: voice")
    spot = {name: {**each, "spot": True} for name, each in production["services"].items()}
    assert line(bill(services=spot), "Fargate: voice") == pytest.approx(0.3 * arm)


def test_sound_is_free_to_browsers_up_to_a_terabyte_and_never_from_them(
    production: Configuration, prices: PriceList
) -> None:
    def data(minutes: float) -> float:
        return line(infrastructure(production, Usage().grown_to(minutes), prices), "CloudFront: data")

    assert data(5_000) == pytest.approx(14.4 * 0.02)
    assert data(1_000_000) == pytest.approx((2_880 - 1_000) * 0.085 + 2_880 * 0.02)


def test_requests_are_free_up_to_what_functions_are(production: Configuration, prices: PriceList) -> None:
    def requests(millions: float) -> float:
        return line(infrastructure(production, Usage(requests_millions=millions), prices), "CloudFront: requests")

    assert requests(2) == 0
    assert requests(12) == pytest.approx(2 * 1 + 10 * 0.1)


def test_the_key_of_the_states_is_paid_for(production: Configuration, prices: PriceList) -> None:
    assert line(infrastructure(production, Usage(), prices), "Keys") == 2 * prices["key_month"]


def test_the_providers_ask_for_what_is_used(prices: PriceList) -> None:
    assert [round(each.dollars, 2) for each in providers(Usage(), prices)] == [30.00, 40.00, 135.00]
    assert total(providers(Usage(voice_minutes=10_000), prices)) == pytest.approx(235)


def test_a_tfvars_file_changes_the_bill(tmp_path: Path) -> None:
    tfvars = tmp_path / "my.tfvars"
    tfvars.write_text(
        'domain = "example.com"\n'
        "nat_gateway_count = 3\n"
        "services = {\n"
        "  all = {\n"
        '    roles = ["api", "auth", "users", "voice", "analytics"], cpu = 1024, memory = 2048, min = 2, max = 4\n'
        "  }\n"
        "}\n"
    )
    configuration = read_configuration("production", tfvars)
    assert configuration["nat_gateway_count"] == 3
    assert list(configuration.services) == ["all"]
    assert configuration.services["all"].tasks == 2


def test_what_is_not_known_is_said(tmp_path: Path, production: Configuration, prices: PriceList) -> None:
    tfvars = tmp_path / "my.tfvars"
    tfvars.write_text("nat_gateways = 3\n")
    with pytest.raises(KeyError, match="nat_gateways"):
        read_configuration("production", tfvars)
    with pytest.raises(UnknownPrice, match=r"db.x2g.large_hour"):
        infrastructure(production.with_changed(database_instance_class="db.x2g.large"), Usage(), prices)


def test_the_command_prints_a_bill_and_explains_what_is_wrong(tmp_path: Path) -> None:
    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "deploy.costs", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )

    told = command("staging", "--switches", "--minutes", "100")
    assert told.returncode == 0
    assert "at 100 minutes" in told.stdout
    wrong = command("--tfvars", str(tmp_path / "none"))
    assert wrong.returncode == 2
    assert "No such file" in wrong.stderr


def test_the_written_tables_are_what_the_command_prints(prices: PriceList) -> None:
    _, _, tables = README.read_text().partition("a test compares. -->\n")
    assert tables.strip() == readme(prices).strip(), "run python -m deploy.costs --readme"


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_every_price_that_an_environment_needs_is_there(environment: str, prices: PriceList) -> None:
    lines = infrastructure(read_configuration(environment), Usage(), prices)
    assert all(each.dollars >= 0 for each in lines)
