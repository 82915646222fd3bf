"""This server without keeping what is said: `python -m benchmarks.unkept serve`, otherwise as `voice-server`.

Who wants nothing kept has it so; here everybody has. What the difference costs is what keeping costs.
"""

import sys

from voice_server.auth import Principal
from voice_server.call import Record, Unrecorded
from voice_server.cli import main
from voice_server.reception import Reception
from voice_server.wire.session_config import SessionConfig


def record(_reception: Reception, _config: SessionConfig, _principal: Principal) -> Record:
    """Nothing is written down."""
    return Unrecorded()


if __name__ == "__main__":
    setattr(Reception, "record", record)  # noqa: B010 -- a method cannot be assigned by its name
    sys.exit(main())
