"""Writes the state diagrams into `docs/turn-taking.md`: `python -m docs.make_state_diagram`.

They are not drawn but found: every state of the turn taking is driven with everything that can happen to it.
"""

import re
from pathlib import Path

from tests.pipeline.diagram import SETTINGS, mermaid

PAGE = Path(__file__).parent / "turn-taking.md"
_BLOCK = re.compile(r"(<!-- diagram: (?P<name>.+?) -->\n).*?(<!-- end of diagram -->)", re.DOTALL)


def with_diagrams(page: str) -> str:
    """The page, with each of its diagrams as the machine is now."""
    return _BLOCK.sub(lambda block: f"{block[1]}```mermaid\n{mermaid(SETTINGS[block['name']])}\n```\n{block[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(with_diagrams(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
