"""In a browser (Pyodide) there is one process, without threads, sockets or other programs.

Files live as long as the page, but for those below DRIVE: they are JupyterLite's, which the browser keeps.
"""
import sys
from pathlib import Path

from .errors import Failure

IN_BROWSER = sys.platform == "emscripten"
DRIVE = Path("/drive")


def kept():
    """The folder whose files a browser keeps when the page is closed; None if it has none, and outside of browsers."""
    return DRIVE / "data" if IN_BROWSER and DRIVE.is_dir() else None


def not_in_browser(what):
    """Failure, in one line, where we are in a browser: what can't be had there."""
    if IN_BROWSER:
        raise Failure(f"{what} can't be had in a browser: take a computer with Python, and pip install minigrad there")
