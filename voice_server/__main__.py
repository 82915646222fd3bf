"""`python -m voice_server` is the command `voice-server`."""

import sys

from voice_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
