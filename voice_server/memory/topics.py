"""What memories are about, and which of them contradict each other."""

from typing import Final, Literal, get_args

Topic = Literal[
    "name",
    "allergy",
    "diet",
    "favourite_table",
    "favourite_place",
    "party_size",
    "birthday",
    "booking",
    "preference",
    "studied",
]
"""What the server learns by itself, what matters most to whoever speaks with the person first."""
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)
SINGLE_VALUED: Final[frozenset[str]] = frozenset(
    {"name", "diet", "favourite_table", "favourite_place", "party_size", "birthday"}
)
"""Of which a person has one: a new value replaces the one before. Values of other topics add up."""
MAX_VALUE: Final = 200
"""Characters of what is learned."""
