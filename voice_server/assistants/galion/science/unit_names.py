"""Units of measure by the names that people say: a table from words to `pint`'s names, and back to words."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class UnitName:
    """One unit."""

    pint: str
    singular: str
    plural: str
    aliases: tuple[str, ...] = ()


_PREFIXES: Final = (
    ("nano", "n"),
    ("micro", "u"),
    ("milli", "m"),
    ("centi", "c"),
    ("kilo", "k"),
    ("mega", "M"),
    ("giga", "G"),
)
# pint's name, word, symbol: all of these take a prefix.
_PREFIXED: Final = (
    ("meter", "metre", "m"),
    ("gram", "gram", "g"),
    ("liter", "litre", "l"),
    ("second", "second", "s"),
    ("newton", "newton", "N"),
    ("joule", "joule", "J"),
    ("watt", "watt", "W"),
    ("volt", "volt", "V"),
    ("ampere", "ampere", "A"),
    ("ohm", "ohm", ""),
    ("hertz", "hertz", "Hz"),
    ("pascal", "pascal", "Pa"),
    ("mole", "mole", "mol"),
    ("coulomb", "coulomb", "C"),
    ("farad", "farad", "F"),
    ("tesla", "tesla", "T"),
    ("electron_volt", "electron volt", "eV"),
    ("calorie", "calorie", "cal"),
    ("watt_hour", "watt hour", "Wh"),
    ("byte", "byte", "B"),
    ("bit", "bit", ""),
    ("bar", "bar", ""),
    ("parsec", "parsec", "pc"),
    ("molar", "molar", ""),
)
_OTHERS: Final = (
    UnitName("inch", "inch", "inches"),
    UnitName("foot", "foot", "feet", ("ft", "foots")),
    UnitName("yard", "yard", "yards", ("yd",)),
    UnitName("mile", "mile", "miles", ("mi",)),
    UnitName("nautical_mile", "nautical mile", "nautical miles"),
    UnitName("furlong", "furlong", "furlongs"),
    UnitName("angstrom", "angstrom", "angstroms"),
    UnitName("astronomical_unit", "astronomical unit", "astronomical units", ("au",)),
    UnitName("light_year", "light year", "light years", ("lightyear", "lightyears")),
    UnitName("acre", "acre", "acres"),
    UnitName("hectare", "hectare", "hectares", ("ha",)),
    UnitName("minute", "minute", "minutes", ("min",)),
    UnitName("hour", "hour", "hours", ("h", "hr", "hrs")),
    UnitName("day", "day", "days"),
    UnitName("week", "week", "weeks"),
    UnitName("month", "month", "months"),
    UnitName("year", "year", "years"),
    UnitName("decade", "decade", "decades"),
    UnitName("century", "century", "centuries"),
    UnitName("pound", "pound", "pounds", ("lb", "lbs")),
    UnitName("ounce", "ounce", "ounces", ("oz",)),
    UnitName("stone", "stone", "stone", ("stones",)),
    UnitName("metric_ton", "tonne", "tonnes", ("metric ton", "metric tons")),
    UnitName("ton", "ton", "tons", ("short ton", "short tons")),
    UnitName("gallon", "gallon", "gallons"),
    UnitName("imperial_gallon", "imperial gallon", "imperial gallons"),
    UnitName("quart", "quart", "quarts"),
    UnitName("pint", "pint", "pints"),
    UnitName("cup", "cup", "cups"),
    UnitName("tablespoon", "tablespoon", "tablespoons"),
    UnitName("teaspoon", "teaspoon", "teaspoons"),
    UnitName("fluid_ounce", "fluid ounce", "fluid ounces"),
    UnitName(
        "degree_Celsius", "degree Celsius", "degrees Celsius", ("celsius", "centigrade", "degrees centigrade", "c")
    ),
    UnitName("degree_Fahrenheit", "degree Fahrenheit", "degrees Fahrenheit", ("fahrenheit", "f")),
    UnitName("kelvin", "kelvin", "kelvin", ("kelvins", "degrees kelvin", "k")),
    UnitName("knot", "knot", "knots"),
    UnitName("standard_atmosphere", "atmosphere", "atmospheres", ("atm",)),
    UnitName("pound_force_per_square_inch", "pound per square inch", "pounds per square inch", ("psi",)),
    UnitName("torr", "torr", "torr"),
    UnitName("millimeter_Hg", "millimetre of mercury", "millimetres of mercury", ("mmhg",)),
    UnitName("british_thermal_unit", "British thermal unit", "British thermal units", ("btu",)),
    UnitName("horsepower", "horsepower", "horsepower"),
    UnitName("degree", "degree", "degrees"),
    UnitName("radian", "radian", "radians", ("rad",)),
    UnitName("turn", "turn", "turns", ("revolution", "revolutions")),
    UnitName("gauss", "gauss", "gauss"),
    UnitName("henry", "henry", "henries"),
    UnitName("weber", "weber", "webers"),
    UnitName("unified_atomic_mass_unit", "atomic mass unit", "atomic mass units", ("u", "amu")),
)
_EXTRA_ALIASES: Final = {
    "meter": ("meters",),
    "liter": ("liters", "ltr"),
    "ampere": ("amp", "amps"),
    "second": ("sec", "secs"),
    "gram": ("gramme", "grammes"),
    "kilogram": ("kilo", "kilos", "kgs"),
    "centimeter": ("centimeters",),
    "electron_volt": ("electronvolt", "electronvolts"),
    "kilocalorie": ("food calories",),
    "micrometer": ("micron", "microns"),
}


def _prefixed() -> list[UnitName]:
    names = []
    for pint, word, sign in _PREFIXED:
        for prefix, letter in (("", ""), *_PREFIXES):
            name = prefix + pint
            singular = f"{prefix}{word}"
            plural = singular if word in ("hertz", "molar") else singular + "s"
            american = (name, name + "s") if pint in ("meter", "liter") else ()
            # "Mm" would be read as "mm" once everything is lower case.
            short = (f"{letter}{sign}".lower(),) if sign and letter not in ("M", "G", "n") else ()
            names.append(UnitName(name, singular, plural, (*short, *american, *_EXTRA_ALIASES.get(name, ()))))
    return names


UNITS: Final = (*_OTHERS, *_prefixed())


def _index() -> dict[str, UnitName]:
    index: dict[str, UnitName] = {}
    for unit in UNITS:
        for word in (unit.singular.lower(), unit.plural.lower()):
            index[word] = unit
    for unit in UNITS:
        for word in unit.aliases:
            index.setdefault(word, unit)
    # Ambiguous signs, by what is meant most often.
    index |= {"mw": index["milliwatt"], "n": index["newton"], "hz": index["hertz"], "nm": index["nanometre"]}
    index |= {
        "mhz": index["megahertz"],
        "ghz": index["gigahertz"],
        "mpa": index["megapascal"],
        "mev": index["megaelectron volt"],
    }
    index |= {"gb": index["gigabyte"], "mb": index["megabyte"], "μm": index["micrometre"], "ω": index["ohm"]}
    return index


BY_NAME: Final = _index()
BY_PINT: Final = {unit.pint: unit for unit in UNITS}
LONGEST_NAME: Final = max(len(name.split()) for name in BY_NAME)
