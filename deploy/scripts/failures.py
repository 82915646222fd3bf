"""Why a command ends before its end. Each is told in one line: what, why, what to do."""

DONE = 0
FAILED = 1
WRONG = 2
"""Arguments, or what they name."""
ROLLED_BACK = 3
INTERRUPTED = 130


class Failed(Exception):
    """It did not work; the message says what that leaves behind."""

    exit_code = FAILED


class Wrong(Failed):
    """What was asked for cannot be: nothing was begun."""

    exit_code = WRONG
