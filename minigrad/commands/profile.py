"""`minigrad profile`: run a Python script and count what each operation cost."""
import runpy
import sys
from pathlib import Path

from ..engine.profile import profile
from ..support.errors import UsageError
from .options import a_path


def add_arguments(parser):
    parser.add_argument("--out", type=a_path, default=Path("runs/profile.png"), metavar="FILE",
                         help="where the chart goes (default: runs/profile.png)")
    parser.add_argument("script", type=a_path, help="the Python file to run")
    parser.add_argument("arguments", nargs="...", help="what the script finds in sys.argv")


def run(args):
    if not args.script.is_file():
        raise UsageError(f"profile: there is no script {args.script}")
    argv, path = sys.argv, sys.path[:]
    sys.argv, sys.path[0] = [str(args.script), *args.arguments], str(args.script.resolve().parent)
    code = 0
    try:
        with profile() as counted:
            try:
                runpy.run_path(str(args.script), run_name="__main__")
            except KeyboardInterrupt:       # what it did until then still counts
                code = 130
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
    finally:
        sys.argv, sys.path[:] = argv, path
    print(counted)
    if counted.ops:
        counted.draw(args.out)
        print(f"wrote {args.out}")
    return code
