"""What people's data may be kept and used for, in what words they are asked, and what holds until they answer.

A conversation needs no consent to be held, and none to be kept: going on with it after a dropped connection, reading it
again and continuing it in a later request are what was asked for (GDPR, article 6 (1) b), so it may be kept until the
person says no. Everything else is not needed for that, and happens to nobody who has not said yes (article 6 (1) a).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Purpose = Literal["conversations", "recordings", "memory", "analytics", "marketing", "sale"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
NEEDED: frozenset[Purpose] = frozenset({"conversations"})
"""What may be done until somebody says no; all others, only after they have said yes."""
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """What people are asked for one purpose."""

    version: str
    texts: Mapping[str, str]
    """By language, ISO 639-1."""

    def text(self, language: str | None) -> tuple[str, str]:
        """The words and their language: English for those who speak none of the others."""
        spoken = language if language is not None and language in self.texts else DEFAULT_LANGUAGE
        return self.texts[spoken], spoken


@cache
def wordings() -> Mapping[str, Wording]:
    """Those of `wordings.toml`, by purpose."""
    read = tomllib.loads((files(__package__) / "wordings.toml").read_text())
    return {purpose: Wording(read[purpose]["version"], read[purpose]["wording"]) for purpose in PURPOSES}


def by_default(purpose: Purpose) -> bool:
    """Whether it may be done with the data of somebody who has not answered."""
    return purpose in NEEDED
