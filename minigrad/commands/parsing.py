"""Parsers of the command line: one line says what is wrong, and a command is imported when it is the one asked for."""
import argparse
import importlib

from ..scale.distributed.launch import first, launched


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line that says where to look.

    module      of the command that it parses: asked for its options when there is something to parse
    """
    module = None

    def parse_known_args(self, args=None, namespace=None):
        if self.module:
            name, self.module = self.module, None
            command = importlib.import_module(f".{name}", __package__)
            self.set_defaults(run=getattr(command, "run", None))        # a group of commands has none of its own
            command.add_arguments(self)
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:                         # said here, so that the complaint names this command's own --help
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message):
        many = launched() and not first()       # all say the same, so one says it
        self.exit(2, None if many else f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_commands(parser, commands, prefix="", metavar="COMMAND"):
    """Mount commands, {name: what --help says}, each of which is the module prefix + name of this package."""
    subparsers = parser.add_subparsers(metavar=metavar, required=True, parser_class=Parser)
    for name, summary in commands.items():
        command = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        command.module = prefix + name
