"""The science in its process: time, memory, and what comes back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from voice_server.assistants.catalog import Catalog, open_catalog
from voice_server.assistants.galion import science_worker
from voice_server.assistants.galion.laboratory import Laboratory

HUGE = "expand (x+y+z+a+b+c)^40"


def test_work_is_given_up_when_its_time_is_over() -> None:
    response = science_worker.respond({"question": HUGE, "history": []}, seconds=0.05)
    assert response == {"status": "too_long", "text": "That took too long to work out, so I stopped."}
    assert science_worker.respond({"question": "2+2", "history": []})["text"] == "That is 4."


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def catalog() -> AsyncIterator[Catalog]:
    async with open_catalog() as opened:
        yield opened


@pytest.mark.asyncio(loop_scope="module")
async def test_every_name_gives_an_assistant(catalog: Catalog) -> None:
    assert [assistant.name for assistant in catalog.all()] == ["galion"]
    for name in ("galion", "GALION", "gpt-realtime", "", None):
        assert catalog.get(name).name == "galion"
    galion = catalog.get(None)
    assert "GALION" in galion.instructions.upper()
    assert galion.language == "en"
    assert galion.offline_model.name == "embedded"
    assert len(galion.vocabulary()) > 1000


@pytest.mark.asyncio(loop_scope="module")
async def test_the_tools_compute_in_the_worker(catalog: Catalog) -> None:
    run = {tool.definition.name: tool.run for tool in catalog.get(None).tools}
    assert await run["calculate"]({"expression": "sin(pi/6)^2"}) == "That is 0.25."
    assert "9 joules" in await run["physics_formula"]({"question": "kinetic energy of 2 kg at 3 m/s"})
    with pytest.raises(ValueError, match="mathematics"):
        await run["calculate"]({"expression": "__import__('os').getcwd()"})


async def test_many_ask_at_once() -> None:
    async with Laboratory() as laboratory:
        findings = await asyncio.gather(*(laboratory.ask(f"{number} times 2") for number in range(20)))
    assert [finding.text for finding in findings] == [f"{number} times 2 is {2 * number}." for number in range(20)]
