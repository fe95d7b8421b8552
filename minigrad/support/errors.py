"""The two errors whose message is meant for a person at a terminal: one line, what was wrong and what to do.

The command line prints them without a traceback and ends with their exit code; in a notebook they are plain exceptions.
"""


class UsageError(Exception):
    """The request was wrong (an unknown name, a bad value). Exit code 2."""


class Failure(Exception):
    """The request was right but could not be carried out (no network, a corrupt file). Exit code 1."""
