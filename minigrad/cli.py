"""The `minigrad` command.  Each subcommand is a module with add_parser(subparsers); its run(args) returns the exit code.

Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted with Ctrl-C.
"""
import argparse
import importlib
import os
import sys

from . import __version__
from .errors import Failure, UsageError

# The modules, in the order of --help.
COMMANDS = ("train", "generate", "learn.main", "testing.main", "profile", "fold", "fetch", "estimate", "simulate")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line that says where to look."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


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
        return args.run(args)
    except UsageError as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 2
    except Failure as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("minigrad: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:                 # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
