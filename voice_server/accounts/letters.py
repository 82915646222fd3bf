"""What is written to people, in English and Italian: `letter_texts/<language>/<kind>.txt`."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from voice_server.auth import DEFAULT_SLUG

Kind = Literal["verify", "known", "reset", "changed", "invited"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail, before it has an address."""

    subject: str
    text: str


LANGUAGES = ("en", "it")


class Letters:
    """Writes them, with links to this server."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def write(self, kind: Kind, language: str | None, tenant: str, token: str = "") -> Letter:
        """In this language, or in English, with a link to the tenant's page.

        `token` goes into the link behind a `#`, which no server's log ever sees.
        """
        subject, text = _template(language if language in LANGUAGES else "en", kind)
        # Who is invited sets a first password as others set a new one.
        places = {"verify": f"#verify={token}", "reset": f"#reset={token}", "invited": f"#reset={token}"}
        place = places.get(kind, "#forgot")
        page = "" if tenant == DEFAULT_SLUG else f"?tenant={tenant}"
        return Letter(subject, text.format(link=f"{self._public_url}/{page}{place}"))


@cache
def _template(language: str | None, kind: Kind) -> tuple[str, str]:
    """The first line of the file is the subject."""
    file = files("voice_server.accounts") / "letter_texts" / f"{language}" / f"{kind}.txt"
    subject, _, text = file.read_text(encoding="utf-8").partition("\n\n")
    return subject, text
