"""Several who watch one conversation."""

from collections.abc import Sequence

from pipeline.events import Input, Output
from voice_server.call import Observer


class Observers:
    """All of them, each shown everything."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def entered(self, event: Input) -> None:
        """See Observer."""
        for observer in self._observers:
            observer.entered(event)

    def left(self, output: Output) -> None:
        """See Observer."""
        for observer in self._observers:
            observer.left(output)

    def ended(self, close_code: int) -> None:
        """See Observer."""
        for observer in self._observers:
            observer.ended(close_code)
