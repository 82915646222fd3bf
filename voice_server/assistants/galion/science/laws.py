"""Laws and formulas that people ask for by name, in a sentence each."""

import re
from typing import Final

from voice_server.assistants.galion.science.answers import Answer

LAWS: Final = {
    "ohm's law": "Ohm's law says that voltage is current times resistance.",
    "newton's first law": "Newton's first law says that a body keeps its velocity unless a force acts on it.",
    "newton's second law": "Newton's second law says that force is mass times acceleration.",
    "newton's third law": "Newton's third law says that every force has an equal and opposite force.",
    "newton's law of gravitation": (
        "Newton's law of gravitation says that two masses attract each other with the gravitational constant "
        "times both masses, over their distance squared."
    ),
    "ideal gas law": (
        "The ideal gas law says that pressure times volume is the amount in moles times the gas constant "
        "times the temperature."
    ),
    "boyle's law": (
        "Boyle's law says that at a fixed temperature the pressure of a gas times its volume stays the same."
    ),
    "charles's law": (
        "Charles's law says that at a fixed pressure the volume of a gas grows in proportion to its absolute "
        "temperature."
    ),
    "hooke's law": "Hooke's law says that the force of a spring is its stiffness times how far it is stretched.",
    "coulomb's law": (
        "Coulomb's law says that the force between two charges is the Coulomb constant times both charges, "
        "over their distance squared."
    ),
    "snell's law": (
        "Snell's law says that the refractive index times the sine of the angle is the same on both sides of a surface."
    ),
    "hess's law": "Hess's law says that the heat of a reaction does not depend on the steps it takes.",
    "first law of thermodynamics": (
        "The first law of thermodynamics says that energy is conserved: the change of internal energy is the "
        "heat added minus the work done."
    ),
    "second law of thermodynamics": (
        "The second law of thermodynamics says that the entropy of an isolated system never decreases."
    ),
    "third law of thermodynamics": (
        "The third law of thermodynamics says that the entropy of a perfect crystal is zero at absolute zero."
    ),
    "conservation of energy": "Energy is neither made nor lost; it only changes its form.",
    "pythagorean theorem": (
        "In a right triangle, the square of the longest side is the sum of the squares of the other two."
    ),
    "quadratic formula": (
        "For a x squared plus b x plus c equals zero, x is minus b plus or minus the square root of b squared "
        "minus 4 a c, all over 2 a."
    ),
    "mass energy equivalence": "Energy is mass times the speed of light squared.",
    "formula for kinetic energy": "Kinetic energy is half the mass times the speed squared.",
    "formula for potential energy": (
        "Potential energy near the ground is mass times the acceleration of gravity times height."
    ),
    "formula for momentum": "Momentum is mass times velocity.",
    "formula for density": "Density is mass over volume.",
    "formula for pressure": "Pressure is force over area.",
    "formula for work": "Work is force times distance.",
    "formula for power": "Power is work over time, and in a circuit voltage times current.",
    "area of a circle": "The area of a circle is pi times the radius squared.",
    "circumference of a circle": "The circumference of a circle is 2 pi times the radius.",
    "volume of a sphere": "The volume of a sphere is 4 thirds pi times the radius cubed.",
    "area of a triangle": "The area of a triangle is half the base times the height.",
    "volume of a cylinder": "The volume of a cylinder is pi times the radius squared times the height.",
}
_ALIASES: Final = {
    "pythagoras theorem": "pythagorean theorem",
    "pythagoras's theorem": "pythagorean theorem",
    "theorem of pythagoras": "pythagorean theorem",
    "charles law": "charles's law",
    "law of conservation of energy": "conservation of energy",
    "law of gravitation": "newton's law of gravitation",
    "law of gravity": "newton's law of gravitation",
    "formula for force": "newton's second law",
    "formula for energy": "mass energy equivalence",
    "e equals m c squared": "mass energy equivalence",
    "e=mc^2": "mass energy equivalence",
    "e = mc^2": "mass energy equivalence",
}


def _key(name: str) -> str:
    """Without what is heard differently: spaces, apostrophes and every s ("newtons", "newton's", "newton")."""
    return re.sub(r"[' s]", "", name)


_EASY: Final = {_key(name): name for name in (*LAWS, *_ALIASES)}


def answer(text: str) -> Answer | None:
    """Say the law that is named, or None if none is."""
    plain = re.sub(r"^(?:the |explain |define |state |is )+", "", text).replace("formula of", "formula for")
    plain = plain.replace("1st", "first").replace("3rd", "third")
    name = _EASY.get(_key(plain)) or _EASY.get(_key(re.sub(r"^formula for (?:the |a )?", "", plain)))
    return None if name is None else Answer(LAWS[_ALIASES.get(name, name)])
