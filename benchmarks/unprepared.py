"""This server without preparing answers early: `python -m benchmarks.unprepared serve`, otherwise as `voice-server`.

A server has no such setting, because nobody would want it; what preparing saves and wastes is the difference.
"""

import sys
from dataclasses import replace
from typing import Any

from pipeline.session import Session
from pipeline.settings import SessionSettings
from voice_server.cli import main
from voice_server.sessions import Sessions

_new_session = Sessions.new_session


def new_session(sessions: Sessions, session_id: str, settings: SessionSettings, *more: Any, **named: Any) -> Session:
    """A session whose model is asked when the turn is over, not before."""
    return _new_session(sessions, session_id, replace(settings, guess_after_seconds=None), *more, **named)


if __name__ == "__main__":
    setattr(Sessions, "new_session", new_session)  # noqa: B010 -- a method cannot be assigned by its name
    sys.exit(main())
