"""The functions that a language model calls."""

from collections.abc import Mapping
from typing import Any

import pytest

from voice_server.assistants.galion import client_tools, science_worker
from voice_server.assistants.galion.laboratory import Laboratory
from voice_server.assistants.galion.science import computations
from voice_server.assistants.galion.tools import DEFINITIONS, galion_tools


class HereWorker:
    """Answers in this process."""

    async def request(self, payload: Mapping[str, Any], *, timeout_seconds: float | None) -> dict[str, Any]:
        return dict(science_worker.respond(dict(payload)))


TOOLS = {tool.definition.name: tool.run for tool in galion_tools(Laboratory(HereWorker()))}
CALLS = [
    ("calculate", {"expression": "sin(pi/6)^2 + 2^10"}, "1024.25"),
    ("calculate", {"expression": "12 choose 3"}, None),
    ("solve", {"equations": "x+y=5, x-y=1"}, "x is 3 and y is 2"),
    ("solve", {"equations": "a*t=6", "variable": "t"}, "t is 6 over a"),
    ("transform", {"action": "factor", "expression": "x^2-4"}, "x minus 2"),
    ("transform", {"action": "factor", "expression": 84}, "2 squared times 3 times 7"),
    ("differentiate", {"expression": "x^3", "order": "2"}, "6 x"),
    ("differentiate", {"expression": "x^3", "at": "2"}, "is 12"),
    ("differentiate", {"expression": "x^3", "order": "many"}, None),
    ("integrate", {"expression": "sin(x)", "lower": "0", "upper": "pi"}, "is 2"),
    ("integrate", {"expression": "t^2", "variable": "t"}, "1 third t cubed"),
    ("limit", {"expression": "sin(x)/x", "point": "0"}, "is 1"),
    ("convert_units", {"quantity": "3 km/h", "unit": "m/s"}, "0.8333 metres per second"),
    ("convert_units", {"quantity": "72 degrees fahrenheit", "unit": "celsius"}, "22.22"),
    ("convert_units", {"quantity": "1 m/s^2", "unit": "ft/s^2"}, "3.28"),
    ("convert_units", {"quantity": "3 kg", "unit": "m"}, None),
    ("physical_constant", {"name": "Planck constant"}, "6.6261"),
    ("physical_constant", {"name": "the best one"}, None),
    ("element", {"element": "Fe"}, "Iron is element 26"),
    ("element", {"element": 26, "property": "boiling_point"}, "2861"),
    ("element", {"element": "unobtainium"}, None),
    ("molar_mass", {"compound": "Ca(OH)2"}, "74.09"),
    ("molar_mass", {"compound": "glucose"}, "180.16"),
    ("molar_mass", {"compound": "Xx9"}, None),
    ("molar_mass", {"compound": "H99999"}, None),
    ("physics_formula", {"question": "current through 4 ohms at 12 volts"}, "3 amperes"),
    ("science_question", {"question": "how many moles are in 18 g of water"}, "0.9992"),
    ("calculate", {}, None),
    ("calculate", {"expression": ["1"]}, None),
    ("calculate", {"expression": "1" * 600}, None),
    ("calculate", {"expression": "9**9**9**9"}, None),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), CALLS)
async def test_a_tool_gives_a_sentence_or_says_what_is_wrong(
    name: str, arguments: dict[str, object], expected: str | None
) -> None:
    if expected is None:
        with pytest.raises(ValueError, match=r"\w"):
            await TOOLS[name](arguments)
    else:
        assert expected in await TOOLS[name](arguments)


def test_every_tool_is_described_and_can_be_computed() -> None:
    assert {definition.name for definition in DEFINITIONS} == computations.NAMES
    for definition in DEFINITIONS:
        assert definition.description.endswith(".")
        properties = definition.parameters["properties"]
        assert isinstance(properties, dict)
        assert all(one["description"] for one in properties.values())


def test_a_choice_is_one_of_the_schema() -> None:
    schema = {
        "properties": {"size": {"enum": ["small", "very_large"]}, "n": {"type": ["null", "number"]}},
        "required": ["size"],
    }
    tool = type(DEFINITIONS[0])("order", "Order it.", schema)
    assert client_tools.arguments(tool, "a very large box with 2.5") == '{"size": "very_large", "n": 2.5}'
    assert client_tools.arguments(tool, "anything") == '{"size": "small"}'


def test_odd_schemas_do_no_harm() -> None:
    for schema in ({}, {"properties": []}, {"properties": {"a": None}}, {"properties": {"a": {}}, "required": ["a"]}):
        client_tools.arguments(type(DEFINITIONS[0])("odd", "", schema), "hello")
