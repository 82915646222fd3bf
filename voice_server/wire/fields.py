"""The fields of one JSON object, read with their types; what is wrong is told with the path of the field."""

from collections.abc import Iterator, Sequence
from typing import TypeVar, cast

from voice_server.wire.errors import missing, too_long, wrong_type, wrong_value
from voice_server.wire.json_text import Json
from voice_server.wire.limits import MAX_ID_CHARACTERS

Choice = TypeVar("Choice", bound=str)
_ABSENT = object()

Value = object
Values = list[object]
"""Of an array."""


class Fields:
    """Reads one object. Every method raises RequestError; `optional_…` takes null for absent."""

    def __init__(self, value: Json, path: str = "") -> None:
        self.value = value
        self.path = path

    def param(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether the field is there, be it null."""
        return name in self.value

    def is_null(self, name: str) -> bool:
        return self.value.get(name, _ABSENT) is None

    def given(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.value.get(name) is not None

    def string(self, name: str, limit: int | None = None) -> str:
        value = self._required(name)
        if not isinstance(value, str):
            raise wrong_type(self.param(name), "a string", value)
        if limit is not None and len(value) > limit:
            raise too_long(self.param(name), limit)
        return value

    def identifier(self, name: str) -> str:
        """A string of 1 to 32 characters."""
        value = self.string(name, MAX_ID_CHARACTERS)
        if not value:
            raise wrong_value(self.param(name), "it must not be empty.")
        return value

    def optional_string(self, name: str, limit: int | None = None) -> str | None:
        return self.string(name, limit) if self.given(name) else None

    def optional_identifier(self, name: str) -> str | None:
        return self.identifier(name) if self.given(name) else None

    def boolean(self, name: str) -> bool:
        value = self._required(name)
        if not isinstance(value, bool):
            raise wrong_type(self.param(name), "a boolean", value)
        return value

    def integer(self, name: str, low: int, high: int | None = None) -> int:
        value = self._required(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong_type(self.param(name), "an integer", value)
        self._check_range(name, value, low, high)
        return value

    def number(self, name: str, low: float, high: float | None = None) -> float:
        value = self._required(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise wrong_type(self.param(name), "a number", value)
        self._check_range(name, value, low, high)
        return float(value)

    def choice(self, name: str, choices: Sequence[Choice]) -> Choice:
        value = self.string(name)
        if value not in choices:
            quoted = ", ".join(f"'{choice}'" for choice in choices)
            raise wrong_value(self.param(name), f"supported values are: {quoted}.")
        return cast("Choice", value)

    def object(self, name: str) -> "Fields":
        value = self._required(name)
        if not isinstance(value, dict):
            raise wrong_type(self.param(name), "an object", value)
        return Fields(value, self.param(name))

    def optional_object(self, name: str) -> "Fields":
        """The object, or one without fields."""
        return self.object(name) if self.given(name) else Fields({}, self.param(name))

    def array(self, name: str, limit: int) -> Values:
        value = self._required(name)
        if not isinstance(value, list):
            raise wrong_type(self.param(name), "an array", value)
        if len(value) > limit:
            raise wrong_value(self.param(name), f"at most {limit} elements are accepted.")
        return value

    def objects(self, name: str, limit: int) -> Iterator["Fields"]:
        """The elements of an array of objects."""
        for index, value in enumerate(self.array(name, limit)):
            path = f"{self.param(name)}[{index}]"
            if not isinstance(value, dict):
                raise wrong_type(path, "an object", value)
            yield Fields(value, path)

    def _required(self, name: str) -> Value:
        value = self.value.get(name, _ABSENT)
        if value is _ABSENT:
            raise missing(self.param(name))
        return value

    def _check_range(self, name: str, value: float, low: float, high: float | None) -> None:
        if value < low or (high is not None and value > high):
            limits = f"at least {low}" if high is None else f"between {low} and {high}"
            raise wrong_value(self.param(name), f"it must be {limits}.")
