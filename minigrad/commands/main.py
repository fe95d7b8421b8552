"""The `minigrad` command: which subcommands there are, and how each ends.

Each subcommand is a module here with add_arguments(parser) and run(args), which returns the exit code.  It is imported
when it is the one that was asked for, so that `minigrad --help` is there at once.

Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted with Ctrl-C.
"""
import os
import sys

from .. import __version__
from ..scale.distributed.launch import launched
from ..support.errors import Failure, UsageError
from .parsing import Parser, add_commands

COMMANDS = {                                # module: what --help says
    "train": "train a network on real data",
    "generate": "let a GPT trained here go on with a text",
    "chat": "talk with a small pretrained language model",
    "learn": "open the course in JupyterLab",
    "check": "check the derivatives of operations",
    "profile": "time, calls, FLOPs and bytes per op of a script",
    "fold": "fold a protein by gradient descent",
    "data": "list and fetch the data sets that packages ship",
    "estimate": "FLOPs, memory, time, cost and energy of a training run",
    "simulate": "which layouts of a large training run fit, and the fastest",
}


def parser():
    top = Parser(prog="minigrad", description="Neural networks from scratch, to learn from.")
    top.add_argument("--version", action="version", version=f"minigrad {__version__}")
    add_commands(top, COMMANDS)
    return top


def main(arguments=None):
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):     # a terminal that knows no such letter gets ? for it
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        args = parser().parse_args(arguments)
        if args.run.__module__.rpartition(".")[2] not in ("learn", "profile"):
            os.environ["MPLBACKEND"] = "agg"    # pictures go to files, whatever the environment says
        if launched() and not getattr(args, "together", False):
            raise UsageError("this command is for one process: start it without mpiexec, "
                             "which minigrad train gpt is for")
        return args.run(args)
    except UsageError as error:
        return ended(error, 2)
    except Failure as error:
        return ended(error, 1)
    except KeyboardInterrupt:
        return ended("interrupted", 130)
    except BrokenPipeError:                 # the reader, `head` say, has seen enough
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError as error:
        return ended(f"not enough memory: {error or 'take smaller sizes'}", 1)
    except OSError as error:
        return ended(f"{error.filename or 'output'}: {error.strerror or error}", 1)


def ended(why, code):
    """Say why; where this is one of several processes that work together, end all of them."""
    from ..scale.distributed.group import fail
    fail(f"minigrad: {why}", code)
    return code


if __name__ == "__main__":
    sys.exit(main())
