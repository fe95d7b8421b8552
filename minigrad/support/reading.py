"""Files read with suspicion: they may be damaged, or made to do harm.  What is wrong is one Failure: file and field.

    settings = form(read_json(path), {"width": int, "layers": [str], "name?": str}, path)

Nothing is read but regular files (a pipe would hang, a device never end), nothing that memory can't hold, and what was
read has the form that the reader expects before anything is made of it.
"""
import json
import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path

from .arguments import shown
from .errors import Failure

TEXT = 1 << 28              # bytes that a JSON or text file may have


def available_memory():
    """Bytes of memory that are free, or can be made so; a huge number on systems that do not tell."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return sys.maxsize


@contextmanager
def opened(path, most=None):
    """(binary file, its size) of a regular file of at most so many bytes, by default what memory can hold."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:             # a name with a zero byte
        raise Failure(f"can't read {shown(path)}: {error}") from error
    about = os.fstat(number)
    if not stat.S_ISREG(about.st_mode):
        os.close(number)
        raise Failure(f"can't read {path}: it is {'a folder' if stat.S_ISDIR(about.st_mode) else 'not a file'}")
    with open(number, "rb") as file:
        most = available_memory() if most is None else most
        if about.st_size > most:
            raise Failure(f"can't read {path}: it has {about.st_size:,} bytes, and {most:,} is the most that fits here")
        try:
            yield file, about.st_size
        except OSError as error:
            raise Failure(f"can't read {path}: {error.strerror or error}") from error


def read_bytes(path, most=None):
    """The content of a file, as opened reads it."""
    with opened(path, most) as (file, size):
        return file.read(size)


def read_text(path, most=TEXT):
    """The content of a UTF-8 file."""
    try:
        return read_bytes(path, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failure(f"{path} is damaged, or not UTF-8 text: {error.reason} at byte {error.start}") from None


def read_json(path, most=TEXT):
    """What a JSON file holds."""
    try:
        return json.loads(read_text(path, most))
    except RecursionError:
        raise Failure(f"{path} is damaged: lists within lists within lists, too deep to read") from None
    except ValueError:
        raise Failure(f"{path} is damaged, or not a JSON file") from None


def form(value, wanted, path, where=""):
    """value, if it has the wanted form; else a Failure that names the file and the place in it.

    wanted      a type (float takes whole numbers too, int no True or False);  None
                {"name": form, "other?": form}      a dict that has these fields, "other" or not; more are ignored
                {str: form}                         a dict of any names
                [form]                              a list of such;   (form, form, ...)     one of these
                a function of the value             what it returns true for; its docstring says what that is
    """
    if problem := _problem(value, wanted, where):
        raise Failure(f"{path}: {problem}")
    return value


def _problem(value, wanted, where):
    """What is wrong with a value, a sentence, or None."""
    place = where or "the whole"
    if isinstance(wanted, tuple):
        return None if any(_problem(value, one, where) is None for one in wanted) else (
            _problem(value, wanted[0], where) if isinstance(value, type(wanted[0])) else
            f"{place} is {shown(value)}, and should be {' or '.join(map(_said, wanted))}")
    if isinstance(wanted, list) and isinstance(value, list):
        return next(filter(None, (_problem(one, wanted[0], f"{where}[{i}]") for i, one in enumerate(value))), None)
    if isinstance(wanted, dict) and isinstance(value, dict):
        within = f"{where}." if where else ""
        if str in wanted:
            return next(filter(None, (_problem(v, wanted[str], f"{within}{k}") for k, v in value.items())), None)
        for field, kind in wanted.items():
            name = field.removesuffix("?")
            if name in value:
                if problem := _problem(value[name], kind, f"{within}{name}"):
                    return problem
            elif name == field:
                return f"{within}{name} is missing"
        return None
    if wanted is None:
        fits = value is None
    elif isinstance(wanted, type):
        fits = isinstance(value, (int, float) if wanted is float else wanted) and (
            wanted in (bool, object) or not isinstance(value, bool))
    else:
        fits = not isinstance(wanted, (list, dict)) and wanted(value)
    return None if fits else f"{place} is {shown(value)}, and should be {_said(wanted)}"


def _said(wanted):
    if isinstance(wanted, (dict, list)):
        return "a dict" if isinstance(wanted, dict) else "a list"
    if isinstance(wanted, type):
        return {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false",
                "dict": "a dict", "list": "a list"}.get(wanted.__name__, wanted.__name__)
    return "null" if wanted is None else wanted.__doc__


def count(value):
    """a whole number of at least 0"""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def size(value):
    """a whole number from 1 to 2^31"""
    return count(value) and 1 <= value <= 1 << 31


def positive(value):
    """a number above 0"""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
