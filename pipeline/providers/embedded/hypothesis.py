"""What a decoder heard, and which of two decoders to believe."""

from dataclasses import dataclass

MARGIN = 0.15
"""By how much the domain's score must be better. Chosen with 60 recordings, questions to the domain and others: where
the domain was right it was 0.2 to 1.0, where it was wrong -0.8 to 0.13. Of 24 more, by other voices and with other
words, the questions had 0.15 to 0.34 and the others -0.4 to -0.2."""
UNKNOWN_PAIRS_MARGIN = 0.3
"""How much better still, if none of its neighbouring words were expected to be neighbours."""
SURE_CONFIDENCE = 0.85


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What one decoder heard."""

    text: str
    score: float = 0.0
    """How well words and sound fit together, a logarithm in PocketSphinx's scale: to be compared with that of another
    decoder for the same audio, only."""
    confidence: float = 0.0
    """Mean posterior probability of the words, 0 to 1; of finals only."""
    known_pairs: float = 0.0
    """Share of the neighbouring words that are neighbours in the domain's sentences too, 0 to 1."""


def is_sure(expected: Hypothesis) -> bool:
    """Whether the domain's decoder need not be compared with the general one: nothing in it is unexpected.

    Of speech that is not for the domain, it makes word salad of which at most 0.6 of the pairs are known.
    """
    return expected.known_pairs == 1.0 and expected.confidence >= SURE_CONFIDENCE


def choose(anything: Hypothesis, expected: Hypothesis) -> Hypothesis:
    """The general decoder's hypothesis, or the domain's if it explains the sound so much better.

    The score contains the probability of the words, so whose language model expected them wins: the likelihood ratio
    of the two models.
    """
    if not expected.text:
        return anything
    if not anything.text:
        return expected
    margin = MARGIN + UNKNOWN_PAIRS_MARGIN * (1 - expected.known_pairs)
    return expected if expected.score - anything.score > margin else anything
