"""What people are likely to say to Galion, for a recogniser's language model.

Generated from patterns that the offline model understands, times numbers, units, elements, compounds and constants; in
lower case, in words, spelled as in the CMU dictionary.
"""

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from num2words import num2words

PRONUNCIATIONS: Final = {
    "amps": "AE M P S",
    "antimony": "AE N T AH M OW N IY",
    "atmospheres": "AE T M AH S F IH R Z",
    "boltzmann": "B OW L T S M AH N",
    "cosine": "K OW S AY N",
    "factorial": "F AE K T AO R IY AH L",
    "galion": "G AE L IY AH N",
    "hydrochloric": "HH AY D R AH K L AO R IH K",
    "kilojoules": "K IH L AH JH UW L Z",
    "molarity": "M AH L EH R AH T IY",
    "newtons": "N UW T AH N Z",
    "pascals": "P AE S K AE L Z",
    "planck's": "P L AE NG K S",
    "radians": "R EY D IY AH N Z",
}
"""The words below that the CMU dictionary lacks, in its phones."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split("|") if part.strip())


def _paired(text: str) -> tuple[tuple[str, str], ...]:
    """From the unit that is given to the one that is wanted."""
    return tuple((given, wanted) for given, _, wanted in (part.partition(" > ") for part in _listed(text)))


_LEADS: Final = (
    "",
    "what is ",
    "what's ",
    "tell me ",
    "can you tell me ",
    "could you please tell me ",
    "how much is ",
    "calculate ",
    "um what is ",
    "please tell me ",
    "do you know ",
    "and what is ",
    "so what is ",
    "i want to know ",
    "okay what is ",
    "give me ",
    "what are ",
)
_SMALL_TALK: Final = _listed("""
hello | hi | hey | hello galion | good morning | good afternoon | good evening | how are you | how are you today |
thank you | thanks | thank you very much | thanks a lot | goodbye | bye | good night | see you later | who are you |
what are you | what is your name | what can you do | what do you know | help | help me | can you help me |
repeat that | say that again | could you repeat that | can you say that again please | pardon | what did you say |
what time is it | what is the time | what is the date | what day is it | what day is it today |
what is the date today | tell me a joke | another joke | never mind | stop | cancel | okay | yes | no | no thank you
| that is all | great | very good | i see | can you hear me | are you there | are you a robot | are you a computer |
who made you | nice to meet you | my name is john | my name is anna | what is my name | sorry | wait | that is wrong
| hold on | one moment | um | uh | give me an example | what can i ask you
""")
_ARITHMETIC: Final = _listed("""
{n} plus {m} | {n} minus {m} | {n} times {m} | {n} divided by {m} | {n} multiplied by {m} | {n} over {m} |
the sum of {n} and {m} | the difference between {n} and {m} | the product of {n} and {m} | {n} plus {m} times {k} |
{n} times {m} plus {k} | {n} minus {m} plus {k}
""")
_ONE_NUMBER: Final = _listed("""
the square root of {n} | square root of {n} | the cube root of {n} | {n} squared | {n} cubed | {n} factorial |
the factorial of {s} | half of {n} | the square of {n} | {n} to the power of {s} | {n} to the {o} |
two to the power of {s} | {n} percent of {m} | ten to the minus {s} | ten to the {s} | {d} times ten to the {s} |
{d} times ten to the minus {s} | {d} plus {d2} | {d} times {s} | the logarithm of {n} | the log of {n} |
the natural logarithm of {n} | the natural log of {n} | log base two of {n} | the sine of {a} degrees |
the cosine of {a} degrees | the tangent of {a} degrees | sine of {a} degrees | cosine of {a} degrees | {f} of {n} |
{f} plus {f2} | {f} times {f2} | minus {n} plus {m} | pi times {n} | two pi | the absolute value of minus {n} |
the average of {n} and {m} | the greatest common divisor of {n} and {m} | the least common multiple of {n} and {m} |
what percent of {n} is {m} | {n} plus {s} percent | the sine of pi over two | the cosine of pi |
the prime factors of {n}
""")
_WHOLE: Final = _listed("""
is {n} a prime number | is {n} prime | add {n} and {m} | subtract {n} from {m} | multiply {n} by {m} |
divide {n} by {m} | factor {n} | solve {equation} | solve for x {equation} | solve {equation} for x |
what is x if {equation} | find x if {equation} | please solve {equation} | can you solve {equation} |
solve the equation {equation} | solve x plus y equals {s} and x minus y equals {t} | solve {equation} please |
factor {poly} | expand {product} | simplify {poly} | can you factor {poly} | integrate {function} |
differentiate {function} | integrate {function} from zero to {s} | differentiate {function} with respect to x |
convert {n} {unit} to {unit2} | convert {n} {unit} into {unit2} | how many {unit2} are in {n} {unit} |
how many {unit2} in a {unit1} | how many {unit2} are there in a {unit1} | {n} {unit} in {unit2} |
{n} {unit} to {unit2} | what is {n} {unit} in {unit2} | how much is {n} {unit} in {unit2} |
how many {unit2} is {n} {unit} | convert {d} {unit} to {unit2} | {d} {unit} in {unit2} |
please convert {n} {unit} to {unit2} | can you convert {n} {unit} to {unit2} |
what is {n} degrees fahrenheit in celsius | what is {n} degrees celsius in fahrenheit |
convert {n} degrees celsius to fahrenheit | convert {n} degrees fahrenheit to celsius |
convert {n} celsius to kelvin | {n} kelvin in celsius | how many moles are in {n} grams of {compound} |
how many grams are in {s} moles of {compound} | how many moles are in {d} grams of {compound} |
what is the mass of {s} moles of {compound} | how many molecules are in {s} moles of {compound} |
how many atoms are in {n} grams of {element} | how many protons does {element} have |
how many electrons does {element} have | how many protons are in {element} | what element is number {z} |
which element has atomic number {z} | what element has the atomic number {z} | tell me about {element} |
tell me about the element {element} | element number {z} |
at what temperature does {element} melt | at what temperature does {element} boil |
what is {element} | what is {compound} | what is {compound} made of
""")
_SUBJECTS: Final = _listed("""
the derivative of {function} | the second derivative of {function} | the derivative of {function} at x equals {s} |
the integral of {function} | the integral of {function} from zero to {s} |
the integral of {function} from {s} to {n} | the integral of {function} from zero to pi |
the limit of {function} as x approaches {s} | the limit of {function} as x approaches zero |
the limit of {function} as x goes to infinity | the atomic number of {element} | the atomic mass of {element} |
the atomic weight of {element} | the symbol of {element} | the symbol for {element} |
the chemical symbol for {element} | the density of {element} | the melting point of {element} |
the boiling point of {element} | the mass of {element} | the group of {element} | the period of {element} |
the molar mass of {compound} | the molecular weight of {compound} | the formula of {compound} |
the formula for {compound} | the chemical formula of {compound} | the molar mass of {spelled} |
the molecular weight of {spelled} | the molar mass of {element} | the boiling point of water |
the boiling point of ethanol | the density of water | {constant} | the value of {constant} | {constant} in {unit} |
the kinetic energy of a {n} kilogram object moving at {m} meters per second |
the kinetic energy of a {s} kilogram ball at {m} meters per second |
the kinetic energy of a {n} kilogram car moving at {m} meters per second |
the kinetic energy of {s} kilograms at {n} meters per second |
the potential energy of {n} kilograms at a height of {m} meters |
the momentum of {n} kilograms at {m} meters per second |
the force on {n} kilograms accelerating at {s} meters per second squared | the current through {n} ohms at {m} volts
| the voltage of {n} amps through {s} ohms | the resistance with {n} volts and {s} amps |
the power of {n} volts and {s} amps | the pressure of {s} moles at {n} kelvin in {m} liters |
the volume of {s} moles at {n} kelvin and one atmosphere | the wavelength of {n} megahertz |
the frequency of light with a wavelength of {n} nanometers |
the energy of a photon with a wavelength of {n} nanometers | the energy of {s} kilograms |
the average speed of {n} kilometers in {s} hours | the molarity of {s} moles of {compound} in {t} liters |
the weight of {n} kilograms | the density of {n} kilograms in {s} liters | ohm's law | newton's second law |
the ideal gas law | the quadratic formula | the area of a circle | the volume of a sphere |
the formula for kinetic energy
""")
_FREE: Final = _listed("""
how long does it take to fall {n} meters | how far does something fall in {s} seconds |
how fast is it after falling {n} meters | how fast is an object after falling for {s} seconds |
how far does light travel in {s} seconds | how far does light travel in a year |
how much energy is in {s} grams of matter | how much energy is in one kilogram of mass |
what is the p h of {d} molar hydrochloric acid | what is the p h of a concentration of ten to the minus {s} molar |
what is the force if the mass is {n} kilograms and the acceleration is {s} meters per second squared
""")
_FOLLOW_UPS: Final = _listed("""
and of {element} | and {element} | what about {element} | how about {element} | and the boiling point |
and its boiling point | what is its melting point | what is its density | its atomic mass | and its symbol |
and of {compound} | what about {compound} | and {compound} | times {n} | plus {n} | minus {n} | divided by {n} |
and divided by {n} | add {n} | subtract {n} | multiply that by {n} | divide that by {n} | and times {n} |
double that | half of that | the square root of that | what is the square root of that | that squared |
that times {n} | what is that in {unit} | what about that in {unit} | what is that in {unit} | and in {unit} |
in {unit} | convert that to {unit} | how much is that in {unit} | and {n} | and {n} {unit} | what about {n} |
what about {n} {unit} | differentiate that | integrate that | what is the derivative of that | factor that |
and the second derivative
""")
_UNITS: Final = _listed("""
meters | kilometers | centimeters | millimeters | miles | feet | inches | yards | grams | kilograms | pounds |
ounces | milligrams | tons | liters | milliliters | gallons | cups | pints | seconds | minutes | hours | days |
weeks | years | meters per second | kilometers per hour | miles per hour | feet per second | knots | joules |
calories | kilojoules | watts | kilowatts | horsepower | pascals | atmospheres | volts | newtons | degrees | radians
| celsius | fahrenheit | kelvin | acres | hectares | square meters | square feet | cubic meters | cubic centimeters
| light years | electron volts | nanometers | moles | hertz | tablespoons | teaspoons
""")
_PAIRS: Final = _paired("""
miles > kilometers | kilometers > miles | feet > meters | meters > feet | inches > centimeters |
centimeters > inches | pounds > kilograms | kilograms > pounds | ounces > grams | grams > ounces | gallons > liters
| liters > gallons | miles per hour > kilometers per hour | hours > seconds |
kilometers per hour > meters per second | meters per second > kilometers per hour | days > hours | years > days |
weeks > hours | minutes > seconds | yards > meters | cups > milliliters | joules > calories | calories > joules |
horsepower > watts | atmospheres > pascals | degrees > radians | acres > square meters | square feet > square meters
| light years > kilometers | electron volts > joules | tons > pounds | millimeters > inches | miles > feet |
feet > inches | pints > liters | knots > miles per hour | radians > degrees | kilojoules > calories |
kilometers > meters
""")
_SINGULARS: Final = _paired("""
mile > feet | mile > kilometers | kilometer > meters | pound > ounces | pound > grams | gallon > liters |
foot > inches | yard > feet | day > seconds | year > seconds | week > hours | meter > centimeters |
kilogram > pounds | liter > milliliters | ton > kilograms | cup > tablespoons | century > days
""")
_ELEMENTS: Final = _listed("""
hydrogen | helium | lithium | boron | carbon | nitrogen | oxygen | neon | sodium | magnesium | aluminum | silicon |
phosphorus | sulfur | chlorine | argon | potassium | calcium | titanium | chromium | manganese | iron | cobalt |
nickel | copper | zinc | arsenic | selenium | bromine | krypton | silver | cadmium | tin | iodine | xenon | barium |
tungsten | platinum | gold | mercury | lead | bismuth | radon | radium | uranium | plutonium | beryllium | cesium |
palladium | vanadium | lanthanum | thorium | polonium | gallium | antimony | strontium
""")
_COMPOUNDS: Final = _listed("""
water | glucose | table salt | salt | sugar | ethanol | methane | ammonia | carbon dioxide | carbon monoxide |
caffeine | sulfuric acid | hydrochloric acid | nitric acid | acetic acid | citric acid | sodium chloride |
sodium hydroxide | calcium carbonate | hydrogen peroxide | baking soda | propane | butane | benzene | methanol |
acetone | aspirin | sucrose | fructose | vinegar | ozone | nitrous oxide | sulfur dioxide | iron oxide |
copper sulfate | silver nitrate | potassium chloride | ammonium nitrate | magnesium oxide | aluminum oxide |
formaldehyde | nicotine | cholesterol | vitamin c | octane | ethylene | toluene | chloroform | urea |
phosphoric acid | rust | chalk | calcium chloride | potassium nitrate | sodium carbonate | titanium dioxide |
silicon dioxide | zinc oxide | hydrogen chloride | lactic acid | quartz | diamond | alcohol
""")
_SPELLED: Final = _listed("""
h two o | c o two | c o | n a c l | h c l | n h three | c h four | h two s o four | h n o three | n a o h |
c six h twelve o six | c two h six o | c a c o three | o two | h two | n two | o three | h two o two | k c l |
s o two | n o two | c three h eight | f e two o three | a g n o three | k o h | m g o | s i o two | c six h six
""")
_CONSTANTS: Final = _listed("""
the speed of light | the planck constant | planck's constant | the gravitational constant |
the acceleration of gravity | the acceleration due to gravity | the elementary charge | the mass of an electron |
the mass of a proton | the mass of a neutron | the charge of an electron | the electron mass | the proton mass |
the boltzmann constant | the gas constant | the ideal gas constant | the faraday constant | the bohr radius |
the fine structure constant | absolute zero | the speed of sound | the mass of the earth | the radius of the earth |
the mass of the sun | the distance to the moon | the distance to the sun | the golden ratio | pi |
atmospheric pressure | the electron volt | the atomic mass unit
""")
_FUNCTIONS: Final = _listed("""
x squared | x cubed | x to the fourth | x to the fifth | two x | three x squared | sine of x | cosine of x |
tangent of x | e to the x | e to the two x | e to the minus x | the natural log of x | one over x |
the square root of x | x squared plus two x | x squared minus three x plus one | two x cubed |
five x squared plus three x | x sine x | sine of two x | x times e to the x | x squared times sine of x |
one over x squared | x plus one | x cubed plus x squared | four x cubed minus two x | sine of x over x |
cosine squared of x | two x plus three | x squared plus one | sine of x times cosine of x | x squared minus four
""")
_POLYNOMIALS: Final = _listed("""
x squared minus four | x squared minus nine | x squared plus five x plus six | x squared minus five x plus six |
x squared plus two x plus one | x cubed minus x | two x squared plus four x | x squared minus x minus two |
x squared plus seven x plus twelve | x cubed minus one | x squared minus one | x to the fourth minus one |
three x squared minus twelve
""")
_PRODUCTS: Final = _listed("""
x plus one times x minus two | open parenthesis x plus one close parenthesis squared | x plus two quantity squared |
x minus three quantity squared | x plus one quantity cubed |
open parenthesis x plus two close parenthesis times open parenthesis x minus three close parenthesis
""")
_COEFFICIENTS: Final = _listed("""
two | three | four | five | six | seven | eight | nine | ten
""")
_EQUATIONS: Final = _listed("""
{c} x plus {k} equals {n} | {c} x minus {k} equals {n} | {c} x equals {n} | x plus {k} equals {n} |
x squared equals {n} | x squared minus {c} x plus {k} equals zero | x squared plus {c} x plus {k} equals zero |
x squared minus {n} equals zero | {c} x squared plus {k} x minus {c} equals zero | x over {c} equals {k} |
{c} x plus {k} equals x plus {n} | two to the x equals {n} | {c} y plus {k} equals {n} | x cubed equals {n}
""")
_DECIMALS: Final = _listed("""
zero point five | one point five | two point five | three point one four | nine point eight | zero point one |
zero point zero one | zero point two five | six point oh two | four point seven | seven point three |
eight point six | five point nine | twelve point five | zero point zero zero one | one point two |
two point zero five | ninety eight point six | point five | six point six three
""")
_FRACTIONS: Final = _listed("""
one half | a half | one third | a third | two thirds | a quarter | one quarter | three quarters | one fifth |
two fifths | three fourths | one eighth | one tenth
""")
_ORDINALS: Final = _listed("""
second power | third power | fourth power | fifth | sixth | tenth | third | fourth | minus one | power of two
""")
_LARGE: Final = (
    *range(100, 1000, 100),
    101,
    105,
    110,
    112,
    120,
    121,
    125,
    128,
    130,
    140,
    144,
    150,
    160,
    169,
    170,
    175,
    180,
    190,
    196,
    215,
    220,
    225,
    240,
    250,
    256,
    273,
    289,
    298,
    310,
    324,
    345,
    350,
    360,
    365,
    375,
    400,
    425,
    441,
    450,
    484,
    512,
    520,
    550,
    576,
    625,
    640,
    675,
    729,
    750,
    784,
    812,
    850,
    875,
    920,
    961,
    999,
    1000,
    1024,
    1100,
    1200,
    1500,
    1728,
    2000,
    2500,
    3000,
    4000,
    4096,
    5000,
    6000,
    7500,
    8000,
    9000,
    10000,
    12000,
    15000,
    20000,
    25000,
    50000,
    100000,
    150000,
    200000,
    500000,
    1000000,
    2000000,
    5000000,
    10**9,
)


def _words(value: int) -> str:
    return str(num2words(value)).replace("-", " ").replace(",", "")


@functools.cache
def _slots() -> dict[str, tuple[str, ...]]:
    """Every kind of word, in orders that differ, so that neighbours vary."""
    small = [_words(value) for value in range(101)]
    large = [_words(value) for value in _LARGE]
    without_and = [words.replace(" and ", " ") for words in large if " and " in words]
    numbers = (*small, *large, *without_and)
    return {
        "n": numbers,
        "m": numbers[::-1],
        "k": (*small[41:], *small[:41]),
        "s": tuple(small[1:21]),
        "t": tuple(small[20:0:-1]),
        "z": tuple(small[1:]) + tuple(_words(value) for value in range(101, 119)),
        "a": tuple(_words(value) for value in (30, 45, 60, 90, 0, 15, 120, 180, 270, 360, 20, 75, 10)),
        "d": _DECIMALS,
        "d2": _DECIMALS[::-1],
        "f": _FRACTIONS,
        "f2": (*_FRACTIONS[5:], *_FRACTIONS[:5]),
        "o": _ORDINALS,
        "c": _COEFFICIENTS,
        "unit": _UNITS,
        "element": _ELEMENTS,
        "compound": _COMPOUNDS,
        "spelled": _SPELLED,
        "constant": _CONSTANTS,
        "function": _FUNCTIONS,
        "poly": _POLYNOMIALS,
        "product": _PRODUCTS,
    }


def _filled(pattern: str, count: int, offset: int) -> Iterator[str]:
    """`count` sentences of a pattern; each slot walks through its words from a start of its own."""
    slots = _slots()
    for step in range(count):
        at = offset + step
        source, target = _PAIRS[at % len(_PAIRS)]
        one, many = _SINGULARS[at % len(_SINGULARS)]
        text = pattern.replace("{equation}", _EQUATIONS[at % len(_EQUATIONS)])
        if "{unit2}" in text:
            text = text.replace("{unit2}", many if "{unit1}" in text else target).replace("{unit}", source)
            text = text.replace("{unit1}", one)
        for slot in re.findall(r"\{(\w+)\}", text):
            words = slots[slot]
            text = text.replace(f"{{{slot}}}", words[(at * 7 + len(slot) * 3) % len(words)], 1)
        yield text


def _generated(patterns: Sequence[str], count: int, leads: Sequence[str] = ("",)) -> Iterator[str]:
    lead = itertools.cycle(leads)
    for at, pattern in enumerate(patterns):
        varies = count if "{" in pattern else min(count, len(leads))
        for text in _filled(pattern, varies, at * 13):
            yield next(lead) + text


@functools.cache
def _all() -> tuple[str, ...]:
    """All sentences, each once."""
    generated = itertools.chain(
        _SMALL_TALK,
        _generated(_ARITHMETIC, 90, _LEADS),
        _generated(_ONE_NUMBER, 32, _LEADS),
        _generated(_WHOLE, 40),
        _generated(_SUBJECTS, 36, _LEADS),
        _generated(_FREE, 20),
        _generated(_FOLLOW_UPS, 20),
        (f"{lead}{name}" for lead in ("what is the atomic number of ", "molar mass of ", "") for name in _ELEMENTS),
        (f"{lead}{name}" for lead in ("what is the molar mass of ", "") for name in (*_COMPOUNDS, *_SPELLED)),
        (f"{lead}{name}" for lead in ("what is ", "tell me ", "") for name in _CONSTANTS),
        (f"what is {words} {operator} {words}" for words in _slots()["n"] for operator in ("plus", "times")),
    )
    return tuple(dict.fromkeys(generated))


def sentences() -> list[str]:
    """A few thousand sentences; the same every time."""
    return list(_all())
