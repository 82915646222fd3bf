"""The page about turn taking tells what the code does."""

import importlib
import re

from docs.make_state_diagram import PAGE, with_diagrams
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.turn_taking import State
from tests.pipeline.diagram import SETTINGS


def test_the_diagrams_are_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_diagrams(page), "run `python -m docs.make_state_diagram`"
    assert page.count("```mermaid") == len(SETTINGS)


def test_every_state_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{state.value}` |" in page for state in State)


def test_the_numbers_are_those_of_the_settings() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) s \|", page, re.MULTILINE))
    assert rows
    for name, seconds in rows.items():
        holder = TurnDetection() if hasattr(TurnDetection(), name) else SessionSettings()
        assert float(seconds) == getattr(holder, name), name


def test_the_constants_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.([A-Z_]+)` \| ([\d.]+) \|", page, re.MULTILINE)
    assert rows
    for module, name, value in rows:
        assert float(value) == getattr(importlib.import_module(f"pipeline.{module}"), name), name
