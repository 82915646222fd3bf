"""The tables: a month's bill, what each switch saves, and the plans beside it, as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from deploy.costs.bill import Line, infrastructure, providers, total
from deploy.costs.configuration import Configuration, read_configuration
from deploy.costs.plans import Position, booking_plan, science_plan
from deploy.costs.prices import PriceList
from deploy.costs.savings import savings
from deploy.costs.usage import Usage

_IDLE = replace(Usage(0, 1, 1), tokens_in_millions=0, tokens_out_millions=0, spoken_characters_thousands=0)


def month(of: Configuration, usage: Usage, prices: PriceList) -> str:
    """One environment's bill."""
    aws, others = infrastructure(of, usage, prices), providers(usage, prices)
    return "\n".join(
        [
            *_table(("AWS", "USD a month", ""), _rows(aws, "Sum")),
            "",
            *_table(("Providers", "USD a month", ""), _rows(others, "Sum")),
            "",
            f"Together {total(aws) + total(others):,.2f} USD, at {usage.voice_minutes:,.0f} minutes of conversation.",
        ]
    )


def switches(of: Configuration, usage: Usage, prices: PriceList) -> str:
    """What each switch saves."""
    rows = [(each.switch, f"{each.dollars:+,.2f}", each.gives_up) for each in savings(of, usage, prices)]
    return "\n".join(_table(("switch", "saves, USD a month", "gives up"), rows))


def plans(prices: PriceList) -> str:
    """The plans that this began from."""
    return "\n".join(
        [
            "### The booking assistant's plan",
            "",
            *_plan(booking_plan(prices)),
            "",
            "### The science assistant's plan",
            "",
            *_plan(science_plan(prices)),
        ]
    )


def readme(prices: PriceList) -> str:
    """All of it, with the defaults."""
    production, staging, usage = read_configuration(), read_configuration("staging"), Usage()
    return "\n".join(
        [
            f"Prices of {prices.date}, {prices.region}, {prices.hours:g} hours.",
            "\n## Production, as it comes\n",
            month(production, usage, prices),
            "\n## What each switch saves\n",
            switches(production, usage, prices),
            "\n## Staging, as it comes\n",
            month(staging, _IDLE, prices),
            "\n## The plans before\n",
            plans(prices),
        ]
    )


def _plan(positions: Sequence[Position]) -> Iterator[str]:
    rows = [(each.name, f"{each.planned:,.0f}", f"{each.corrected:,.2f}", each.why) for each in positions]
    planned, corrected = (sum(getattr(each, what) for each in positions) for what in ("planned", "corrected"))
    rows.append(("**Sum**", f"**{planned:,.0f}**", f"**{corrected:,.2f}**", ""))
    return _table(("", "planned", "put right", ""), rows)


def _rows(lines: Iterable[Line], last: str) -> Iterator[tuple[str, ...]]:
    lines = list(lines)
    for line in lines:
        yield line.name, f"{line.dollars:,.2f}", line.remark
    yield f"**{last}**", f"**{total(lines):,.2f}**", ""


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heading)} |"
    yield (
        "|" + "|".join("---:" if "USD" in name or name in ("planned", "put right") else "---" for name in heading) + "|"
    )
    for row in rows:
        yield f"| {' | '.join(row)} |"
