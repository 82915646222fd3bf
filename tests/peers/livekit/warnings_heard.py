"""What LiveKit itself has complained about."""

import logging


class WarningsHeard(logging.Handler):
    """Keeps LiveKit's warnings while the context lasts."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def __enter__(self) -> "WarningsHeard":
        logging.getLogger("livekit").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("livekit").removeHandler(self)
