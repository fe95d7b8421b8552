"""The `minigrad` command.  Each subcommand is a module with add_parser(subparsers); its run(args) returns the exit code.

Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted with Ctrl-C.
"""
import argparse
import importlib
import os
import sys

from .. import __version__
from ..scale.distributed.group import fail, first, launched
from ..support.errors import Failure, UsageError

# The modules, in the order of --help.
COMMANDS = ("train", "generate", "learn", "check", "profile", "fold", "data", "estimate", "simulate")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line that says where to look."""

    def error(self, message):
        many = launched() and not first()       # all say the same, so one says it
        self.exit(2, None if many else f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser():
    top = Parser(prog="minigrad", description="Neural networks from scratch, to learn from.")
    top.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f".{name}", __package__).add_parser(commands)
    return top


def main(arguments=None):
    """Run one command; the exit code."""
    try:
        args = parser().parse_args(arguments)
        if launched() and not getattr(args, "together", False):
            raise UsageError("this command is for one process: start it without mpiexec, which minigrad train gpt is for")
        return args.run(args)
    except UsageError as error:
        return ended(error, 2)
    except Failure as error:
        return ended(error, 1)
    except KeyboardInterrupt:
        return ended("interrupted", 130)
    except BrokenPipeError:                 # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def ended(why, code):
    """Say why; where this is one of several processes that work together, end all of them."""
    fail(f"minigrad: {why}", code)
    return code


if __name__ == "__main__":
    sys.exit(main())
