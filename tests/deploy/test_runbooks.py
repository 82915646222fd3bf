"""What the runbooks name exists: links, commands with their options, variables, alarms, metrics, log lines, routes."""

import importlib.util
import itertools
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from deploy.costs.bill import infrastructure, total
from deploy.costs.prices import read_prices
from deploy.costs.usage import Usage
from deploy.runbooks.growth import (
    CONNECTIONS_A_GIB,
    CONNECTIONS_A_TASK,
    CONNECTIONS_KEPT,
    DEPLOYING,
    LEAST_CONNECTIONS_A_TASK,
    MEASURED_SESSIONS_A_CORE,
    MEMORY_GIB,
    MOST_CONNECTIONS,
    MOST_LOAD,
    STEPS,
    Step,
    connections,
    connections_a_task,
    most_connections,
    most_tasks,
    sessions_a_task,
    voice_tasks,
)
from deploy.runbooks.tables import PAGES, pages_as_computed
from tests.deploy.terraform import MODULES, SOURCE, environment
from tests.services.missing import missing
from voice_server.server_roles import SERVER_ROLES
from voice_server.service_metrics import _UNITS
from voice_server.settings import setting_of
from voice_server.storage.postgres.database import MAX_CONNECTIONS

ROOT = Path(__file__).parents[2]
FILES = sorted(PAGES.glob("*.md"))
NAMES = [file.name for file in FILES]
ENVIRONMENTS = ("production", "staging")
SERVICES = ("voice", "api")
MADE_UP = {"west": "production"}
"""Environments that a page has people make, and of which one they are a copy."""
AWS_WORDS = {"allow_major_version_upgrade", "CannotPullContainerError", "ResourceInitializationError"}
"""That are AWS' own and stand nowhere in this repository."""
AFTER_THE_NAME = ("restore-", "wrong", "night", "drill")
"""Instances and snapshots that the pages have people make."""


@dataclass(frozen=True)
class Page:
    """One page, and the code in it."""

    file: Path
    text: str

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Language and text of each fenced part."""
        return re.findall(r"^ *```(\w*)\n(.*?)^ *```$", self.text, re.MULTILINE | re.DOTALL)

    @property
    def spans(self) -> list[str]:
        """Code within sentences and tables, each in one line."""
        prose = re.sub(r"^ *```.*?^ *```$", "", self.text, flags=re.MULTILINE | re.DOTALL)
        return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", prose)]

    @property
    def commands(self) -> list[str]:
        """Lines of shell, continued ones joined, split where the shell would."""
        lines = [line for language, block in self.blocks if language == "sh" for line in _joined(block)]
        return [
            part.strip() for line in [*lines, *self.spans] for part in re.split(r"\$\(|\)(?:\s|$)|[|;&]+ |\n", line)
        ]


def _joined(block: str) -> list[str]:
    return block.replace("\\\n", " ").splitlines()


@cache
def page(name: str) -> Page:
    return Page(PAGES / name, (PAGES / name).read_text())


def pages() -> Iterator[Page]:
    return map(page, NAMES)


def flags(command: str) -> list[str]:
    """Options of a command, without their values."""
    return [word.partition("=")[0].rstrip(")") for word in command.split() if re.match(r"--?[a-z]", word)]


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def text_of(*patterns: str) -> str:
    """All files of the repository that match."""
    return "\n".join(
        file.read_text()
        for pattern in patterns
        for file in sorted(ROOT.glob(pattern))
        if ".terraform" not in file.parts
    )


def terraform_text() -> str:
    return text_of("deploy/terraform/**/*.tf")


def program_text() -> str:
    return text_of("voice_server/**/*.py", "voice_server/**/*.sql", "pipeline/**/*.py")


@cache
def help_of(*command: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", *command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


# Links


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)", page("README.md").text))
    assert linked == set(NAMES) - {"README.md"}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page(name).text)
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        target = (PAGES / path).resolve() if path else PAGES / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


# Commands


def _python_commands() -> list[tuple[str, str]]:
    return sorted(
        {
            (found[1], command[found.end() :])
            for each in pages()
            for command in each.commands
            if (found := re.match(r"python -m ((?:deploy|benchmarks)[\w.]*)", command))
        }
    )


@pytest.mark.parametrize(("module", "arguments"), _python_commands())
def test_python_commands_know_their_options(module: str, arguments: str) -> None:
    assert importlib.util.find_spec(module) is not None
    used = flags(arguments)
    if module.startswith("deploy."):
        known = help_of(module)
        assert [flag for flag in used if not re.search(rf"{flag}\b", known)] == []
    elif words := [word for word in arguments.split() if not word.startswith("-")]:
        assert (ROOT / "benchmarks" / words[0]).is_dir() or (ROOT / "benchmarks" / f"{words[0]}.py").is_file()
    if "--environment" in used:
        assert shlex.split(arguments)[shlex.split(arguments).index("--environment") + 1] in ENVIRONMENTS


def test_python_commands_are_found() -> None:
    modules = {module for module, _ in _python_commands()}
    scripts = {"backup", "deploy", "image", "load", "migrate", "restore", "rollback", "scan", "smoke"}
    assert modules >= {f"deploy.scripts.{script}" for script in scripts} | {"deploy.costs", "deploy.policy"}


def _server_commands() -> list[tuple[str, str]]:
    text = "\n".join(command for each in pages() for command in each.commands)
    return sorted(set(re.findall(r"(?<![\w/-])voice-server ([a-z]+)\b([^\n\]]*)", text)))


@pytest.mark.parametrize(("command", "arguments"), _server_commands())
def test_commands_of_the_server_know_their_options(command: str, arguments: str) -> None:
    known = help_of("voice_server", command)
    assert [flag for flag in flags(arguments) if not re.search(rf"{flag}\b", known)] == []


def test_commands_of_the_server_are_found() -> None:
    assert {command for command, _ in _server_commands()} == {"operator", "talk"}


@dataclass(frozen=True)
class TerraformCommand:
    """`terraform -chdir=FOLDER COMMAND ARGUMENTS`."""

    folder: str
    command: str
    arguments: tuple[str, ...]

    @property
    def root(self) -> Path:
        """The folder; of one that people make, that which it is a copy of."""
        path = ROOT / self.folder
        return path.with_name(MADE_UP.get(path.name, path.name))


def _terraform_commands() -> list[TerraformCommand]:
    lines = [line for each in pages() for line in each.commands if re.match(r"terraform -", line)]
    found = [re.match(r"terraform -chdir=(\S+) ([a-z]+)(.*)", line) for line in lines]
    assert all(found), f"without a folder: {lines}"
    made = {TerraformCommand(each[1], each[2], tuple(each[3].replace(")", "").split())) for each in found if each}
    return sorted(made, key=str)


@pytest.mark.parametrize("written", _terraform_commands(), ids=lambda written: f"{written.folder} {written.command}")
def test_terraform_commands_know_their_options(written: TerraformCommand) -> None:
    program = shutil.which("terraform")
    if program is None:
        missing("terraform is not installed")
    # `apply` takes the options of `plan`, and says so without naming them.
    asked = [["plan"], ["apply"]] if written.command == "apply" else [[written.command]]
    if written.command == "state":
        asked = [["state", written.arguments[0]]]
    known = ""
    for command in asked:
        answer = subprocess.run(
            [program, *command, "-help"], env=environment(), capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stdout
        known += answer.stdout
    assert [flag for flag in flags(" ".join(written.arguments)) if flag not in known] == []


@pytest.mark.parametrize("written", _terraform_commands(), ids=lambda written: f"{written.folder} {written.command}")
def test_what_terraform_is_told_exists(written: TerraformCommand) -> None:
    assert written.root.is_dir()
    words = written.arguments
    variables = [word.partition("=")[0] for before, word in itertools.pairwise(words) if before == "-var"]
    assert set(variables) <= _declared(written.root, "variable")
    for word in words:
        if word.startswith("-var-file="):
            assert (written.root / word.partition("=")[2]).resolve().is_file()
        if found := re.fullmatch(r"module\.stack\.module\.(\w+)\.(\w+)\.(\w+)", word):
            assert f'resource "{found[2]}" "{found[3]}"' in text_of(f"deploy/terraform/modules/{found[1]}/*.tf")
    if written.command == "output":
        assert {word for word in words if not word.startswith(("-", ">", "deploy/"))} <= _declared(
            written.root, "output"
        )


def _declared(folder: Path, kind: str) -> set[str]:
    text = "\n".join(file.read_text() for file in folder.glob("*.tf"))
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE))


# Names


@pytest.mark.parametrize("name", NAMES)
def test_variables_that_are_set_exist(name: str) -> None:
    """In sentences: `deploy_services = true`."""
    known = _declared(SOURCE / "environments" / "production", "variable")
    assigned = {found[1] for span in page(name).spans if (found := re.match(r"([a-z_]+) = ", span))}
    assert assigned <= known


@pytest.mark.parametrize("name", NAMES)
def test_names_in_small_letters_stand_in_terraform_or_the_program(name: str) -> None:
    known = terraform_text() + program_text() + text_of("docs/*.md", "deploy/scripts/*.py")
    words = {span for span in page(name).spans if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", span)}
    assert {word for word in words - AWS_WORDS if not re.search(rf"\b{word}\b", known)} == set()


@pytest.mark.parametrize("name", NAMES)
def test_names_in_capitals_stand_in_terraform_or_the_program(name: str) -> None:
    """Settings and metrics: `DRAIN_SECONDS`, `SessionLoad`."""
    known = terraform_text() + program_text() + " ".join(_UNITS)
    each = page(name)
    words = {span for span in each.spans if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|([A-Z][a-z]+){2,}", span)}
    words |= set(re.findall(r"--metric-name (\w+)", each.text))
    assert {word for word in words - AWS_WORDS if not re.search(rf"\b{word}\b", known)} == set()


def test_metrics_of_the_program_are_documented() -> None:
    named = {span for each in pages() for span in each.spans if re.fullmatch(r"voice_[a-z_]+", span)}
    assert named - {"voice_server", "voice_admin", "voice_app"}
    documented = (ROOT / "docs" / "operations.md").read_text()
    assert {metric for metric in named if f"`{metric}`" not in documented} <= {
        "voice_server",
        "voice_admin",
        "voice_app",
    }


def alarms() -> set[str]:
    """Of an environment, without its name: voice and api run, two nodes of a cache, up to three NAT gateways."""
    text = (MODULES / "monitoring" / "alarms.tf").read_text()
    parts = dict(re.findall(r"^  (\w+_alarms) *= (.*?)(?=^  \w+ *=|^})", text, re.MULTILINE | re.DOTALL))
    found = {f"voice-{key}" for key in re.findall(r'"\$\{name\}-([a-z-]+)" = \{', parts["voice_alarms"])}
    targets = re.findall(r'"\$\{name\}-([a-z-]+)" = \{', parts["target_alarms"])
    found |= {f"{service}-{key}" for service in SERVICES for key in targets}
    keys = {part: re.findall(r"^    (\w+) = \{", parts[part], re.MULTILINE) for part in parts}
    found |= {f"database-{key}" for key in keys["database_alarms"]}
    found |= {f"cache-{node}-{key}" for node in (1, 2) for key in keys["cache_alarms"]}
    found |= {f"nat-{gateway}-ports" for gateway in (1, 2, 3)} | set(keys["log_alarms"])
    found |= {f"voice-{key}" for key in re.findall(r'"\$\{name\}-([a-z-]+)" => \{', text)} | {"requests-fail"}
    found |= {f"{service}-deployment" for service in SERVICES}
    return found | {"api-unreachable"}


def test_alarms_are_read_as_they_are_written() -> None:
    text = terraform_text()
    assert {"voice-turns-slow", "voice-turns-fail", "database-credits", "cache-2-lag", "tracebacks"} <= alarms()
    assert "api-away" in alarms()
    assert "api-turns-slow" not in alarms()
    for written in (
        '"nat-${position + 1}-ports"',
        "    requests-fail = {",
        '-${each.key}-deployment"',
        '-api-unreachable"',
    ):
        assert written in text


def test_every_alarm_has_a_page() -> None:
    index = page("README.md").text
    for alarm in alarms():
        generic = re.sub(r"^api-(away|unhealthy)$", r"voice-\1", alarm)
        generic = re.sub(r"^(cache|nat)-\d", r"\1-1", generic)
        kind = re.sub(r"^(database|cache-1)-", "-", generic)
        assert f"`voice-server-production-{generic}`" in index or f"`{kind}`" in index, alarm


@pytest.mark.parametrize("name", NAMES)
def test_names_of_an_environment_exist(name: str) -> None:
    """Alarms, groups of logs, task definitions: all that begins with voice-server-production."""
    text = terraform_text()
    rest = set(re.findall(r"voice-server-(?:production|staging)-([a-z0-9-]*[a-z0-9])", page(name).text))
    for each in rest - alarms():
        assert f"${{var.name}}-{each}" in text or each.startswith(AFTER_THE_NAME), each


def test_groups_of_logs_exist() -> None:
    text = terraform_text()
    groups = {
        found
        for each in pages()
        for found in re.findall(r"/voice-server-production/(\w+)(?![\w-])", each.text)
        if not re.search(rf"rds/instance/voice-server-production/{found}", each.text)
    }
    assert groups == {*SERVICES, "migrate"}
    assert '"/${var.name}/${each.key}"' in text
    assert '"/${var.name}/migrate"' in text
    assert "/aws/rds/instance/${var.name}/${each.key}" in text
    assert "aws-waf-logs-${var.name}" in text


def _lines_of_logs() -> set[str]:
    queries = [block for each in pages() for language, block in each.blocks if language == ""]
    quoted = {text for query in queries for text in re.findall(r'"([^"]+)"', query)}
    sentences = {
        span for each in pages() for span in each.spans if re.fullmatch(r"[A-Za-z]+(?:[':,]? [A-Za-z']+){2,}", span)
    }
    commands = ("voice-server", "python", "aws", "git", "terraform", "make", "filter", "rate")
    return quoted | {line for line in sentences if line.partition(" ")[0] not in commands}


def test_lines_of_logs_are_written_by_the_program() -> None:
    lines = _lines_of_logs()
    assert {"redis is back", "PostgreSQL has what was on the disk", "The database is newer than this version"} <= lines
    written = program_text() + text_of("deploy/scripts/*.py")
    # Where a logger is asked for, its name is the module's.
    modules = {line for line in lines if re.fullmatch(r"pipeline(\.\w+)+", line)}
    assert all((ROOT / Path(*module.split("."))).with_suffix(".py").is_file() for module in modules)
    # Where a query has a star, the program has a value.
    assert {line for line in lines - modules if line.replace("*", "%s") not in written} == set()


def test_routes_exist() -> None:
    written = re.sub(r"\{\w+\}", "{}", program_text())
    found = {
        route for each in pages() for span in each.spans for route in re.findall(r"(?:GET|POST|DELETE) (/\S+)", span)
    }
    assert len(found) > 8
    assert {
        route for route in found if f'"{re.sub(r"{[^}]*}", "{}", route.partition("?")[0])}"' not in written
    } == set()


# Money and capacity


def test_computed_parts_are_what_is_computed() -> None:
    for path, text in pages_as_computed().items():
        assert path.read_text() == text, "run python -m deploy.runbooks"


@pytest.mark.parametrize("name", NAMES)
def test_no_money_is_typed(name: str) -> None:
    typed = re.sub(r"<!-- computed.*?/computed -->", "", page(name).text, flags=re.DOTALL)
    assert re.findall(r"\$ ?\d[\d.,]*|[\d.,]*\d (?:USD|dollars?|€|EUR)", typed) == []


def test_what_was_measured_is_what_the_readme_says() -> None:
    found = re.search(r"fifty at once \d+ and (\d+),[^;]*\sa\s+hundred \d+ and (\d+)", (ROOT / "README.md").read_text())
    assert found is not None, "the README measures something else now: put capacity.md and growth.py right"
    capacity = re.sub(r"\s+", " ", page("capacity.md").text)
    assert MEASURED_SESSIONS_A_CORE == 50
    for milliseconds in found.groups():
        assert f"{int(milliseconds) / 1000 + 1e-9:.2f} s" in capacity


def test_what_the_model_takes_from_the_program_is_so() -> None:
    application = (MODULES / "application" / "tasks.tf").read_text()
    room = "floor((var.database_max_connections - local.connections_kept) / local.tasks_at_most)"
    assert f"database_connections = min({CONNECTIONS_A_TASK}, {room})\n" in application
    assert f"{room} >= {LEAST_CONNECTIONS_A_TASK}\n" in (MODULES / "application" / "variables.tf").read_text()
    assert f"connections_kept = {CONNECTIONS_KEPT}\n" in application
    assert f"tasks_at_most = {DEPLOYING} * sum(" in application
    assert f"sessions_a_vcpu = {MEASURED_SESSIONS_A_CORE}\n" in application
    assert CONNECTIONS_A_TASK == MAX_CONNECTIONS == int(setting_of("DATABASE_CONNECTIONS").default)
    table = (MODULES / "database" / "connections.tf").read_text()
    assert f"connections_a_gib = {CONNECTIONS_A_GIB}\n" in table
    classes = {name: int(gib) for name, gib in re.findall(r'"(db\.[\w.]+)" += (\d+)', table)}
    assert MEMORY_GIB.items() <= classes.items()
    assert f"target_value       = {100 * MOST_LOAD:.0f}\n" in (MODULES / "application" / "scaling.tf").read_text()
    assert (
        f"floor({MOST_CONNECTIONS} * var.database_max_connections)"
        in (MODULES / "monitoring" / "alarms.tf").read_text()
    )


def test_more_people_need_more() -> None:
    needed = [step.at_once for step in STEPS]
    assert needed == sorted(needed)
    assert Step(500, 10, None).minutes == 5000
    assert sessions_a_task(512) == 25
    assert sessions_a_task(2048) == sessions_a_task(1024) == 50
    assert voice_tasks(1, 512) == 2
    assert voice_tasks(100, 1024) == 3
    assert voice_tasks(101, 1024) == 4
    assert connections_a_task("db.t4g.micro", 14) == 2
    assert connections_a_task("db.t4g.micro", 7) == 5
    assert connections(4, 5) == 40
    assert most_tasks("db.t4g.micro") == 6
    assert most_tasks("db.t4g.micro", 2) == 16


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.people} x {step.minutes_each}")
def test_each_step_holds_what_it_is_for(step: Step) -> None:
    configuration, prices = step.configuration(), read_prices()
    services = configuration["services"]
    assert sorted(role for each in services.values() for role in each["roles"]) == sorted(SERVER_ROLES)
    voice = configuration.services["voice"]
    assert voice.tasks >= voice_tasks(step.at_once, voice.cpu)
    assert services["voice"]["max"] >= 2 * voice.tasks
    database, most = configuration["database_instance_class"], sum(each["max"] for each in services.values())
    each = connections_a_task(database, most)
    assert each >= LEAST_CONNECTIONS_A_TASK
    assert connections(most, each) + CONNECTIONS_KEPT <= most_connections(database)
    assert connections(sum(one.tasks for one in configuration.services.values()), each) <= (
        MOST_CONNECTIONS * most_connections(database)
    )
    month = total(infrastructure(configuration, Usage().grown_to(step.minutes), prices))
    assert month <= configuration["monthly_budget_usd"] <= 1.5 * month


def test_usage_grows_with_the_minutes() -> None:
    grown = Usage().grown_to(1_000_000)
    assert grown.spoken_characters_thousands == pytest.approx(200 * Usage().spoken_characters_thousands)
    assert grown.load_balancer_units == pytest.approx(2 * 2880 / 730, abs=0.1)
    assert Usage().grown_to(5000) == Usage()
