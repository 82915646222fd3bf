"""What is calculated: "two x plus three equals eleven" is whole, although it ends in a number."""

from pipeline.wording.dictation import digits
from pipeline.wording.lexicon import Lexicon, Tokens, has_any

WHOLE = 0.9
"""How complete it is; the voice may still have more to say."""
SIGNS = frozenset("=+-*/")
COPULAS = frozenset(("is", "are", "makes", "gives", "fa", "fanno", "dà", "è"))
"""They state a result if something was calculated before."""


def equation(tokens: Tokens, lexicon: Lexicon) -> float | None:
    """How complete an equation is; None: there is none, or it does not end in a number or the name of one."""
    if not _is_value(tokens[-1], lexicon):
        return None
    equality = max((index for index, token in enumerate(tokens) if token in lexicon.equalities), default=-1)
    if equality < 0:
        copula = max((index for index, token in enumerate(tokens) if token in COPULAS), default=-1)
        equality = copula if has_any(_operands(tokens[:copula], lexicon), lexicon.operators | SIGNS) else -1
    return WHOLE if 0 < equality < len(tokens) - 1 else None


def _operands(tokens: Tokens, lexicon: Lexicon) -> Tokens:
    """What stands behind the first value: only there a "per" or "over" calculates."""
    start = next((index for index, token in enumerate(tokens) if _is_value(token, lexicon)), len(tokens))
    return tokens[start + 1 :]


def _is_value(token: str, lexicon: Lexicon) -> bool:
    return bool(digits((token,), lexicon)) or (len(token) == 1 and token.isalpha() and token not in lexicon.closed)
