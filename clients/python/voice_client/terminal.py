"""What a terminal shows of a conversation: lines that stay, and one that says what is going on."""

from typing import TextIO

from voice_client.events import TurnMeasured


class Terminal:
    """Lines on `out`; the passing line on `err`, if somebody is watching."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._passing = False

    def line(self, text: str) -> None:
        """Write one line."""
        self._clear()
        self._out.write(text + "\n")
        self._out.flush()

    def error(self, text: str) -> None:
        """Write one line about what went wrong."""
        self._clear()
        self._err.write(text + "\n")
        self._err.flush()

    def passing(self, text: str) -> None:
        """Show what is going on until something else is written."""
        if self._err.isatty():
            self._clear()
            self._err.write(text)
            self._err.flush()
            self._passing = True

    def _clear(self) -> None:
        if self._passing:
            self._err.write("\r\x1b[K")
            self._passing = False


def timing_lines(voice_to_voice: float | None, turn: TurnMeasured | None) -> list[str]:
    """A table of where the time went. `voice_to_voice`: seconds, measured at the client."""
    lines = []
    if voice_to_voice is not None:
        lines.append(f"{'voice to voice':<16}{voice_to_voice * 1000:7.0f} ms   last word sent to first sound received")
    if turn is not None:
        lines.append(f"{'on the server':<16}{turn.total_ms:7.0f} ms   of which")
        lines += [f"  {span.name:<14}{span.end_ms - span.start_ms:7.0f} ms" for span in turn.spans]
        if turn.committed_ms is not None:
            lines.append(f"{'sure after':<16}{turn.committed_ms:7.0f} ms   what was done before was done while waiting")
        lines += [f"{'wasted':<16}{wasted}" for wasted in _wasted(turn)]
    return lines


def turn_line(turn: TurnMeasured) -> str:
    """A turn in one line."""
    told = [f"answered in {turn.total_ms:.0f} ms"]
    if turn.committed_ms is not None:
        told.append(f"sure after {turn.committed_ms:.0f} ms")
    return "           " + ", ".join([*told, *(f"wasted {wasted}" for wasted in _wasted(turn))])


def _wasted(turn: TurnMeasured) -> list[str]:
    waste = turn.waste
    if waste is None or not waste.guesses:
        return []
    answers = "1 answer" if waste.guesses == 1 else f"{waste.guesses} answers"
    return [f"{answers}: {waste.tokens} tokens, {waste.characters} characters, {waste.audio_ms:.0f} ms of voice"]
