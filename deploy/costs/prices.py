"""The price list: one dated file, each price with where it comes from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PRICES = Path(__file__).with_name("prices.json")

Origin = Literal["read", "remembered"]


class UnknownPrice(Exception):
    """The list has no such price. The message is one line: which, and what to do."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """US dollars by name, as of a day, in one region."""

    date: str
    region: str
    hours: float
    """In a month."""
    prices: Mapping[str, tuple[float, Origin]]

    def __getitem__(self, name: str) -> float:
        """Raises UnknownPrice."""
        if name not in self.prices:
            raise UnknownPrice(f"{name} is not in {PRICES.name}; look it up and add it, with the day and its origin.")
        return self.prices[name][0]

    def month(self, name: str) -> float:
        """What runs a whole month at a price per hour. Raises UnknownPrice."""
        return self[name] * self.hours


def read_prices(path: Path = PRICES) -> PriceList:
    """The list in this file."""
    written = json.loads(path.read_text())
    prices = {name: (float(price), origin) for name, (price, origin) in written["prices"].items()}
    return PriceList(written["date"], written["region"], float(written["hours_per_month"]), prices)
