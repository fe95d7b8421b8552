"""A saved model as one file, name.keras: a zip of what its folder holds, stored, not compressed.

Read with suspicion: only names that a saved model has, each once; only stored entries, which together can't be larger
than the archive itself; nothing is unpickled.  Keras' own files of this name hold other things: architecture.py reads
the model, hdf5.py its weights.
"""
import os
import re
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from ..support import files
from ..support.arguments import shown
from ..support.errors import Failure
from ..support.files import atomic_write
from ..support.reading import opened

OURS = re.compile(r"model\.json|(weights|training)-[0-9a-f]{16}\.safetensors")
KERAS = "model.weights.h5"                  # the weights in an archive of Keras'
SUFFIX = ".keras"


def is_archive(path):
    """Whether a model of this name is one file: name.keras, where no folder has the name already."""
    return str(path).endswith(SUFFIX) and not Path(path).is_dir()


@contextmanager
def packing(path):
    """A new folder, which becomes the archive `path` when the block ends without an error, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        if not files.writes:
            return
        with atomic_write(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for part in sorted(Path(folder).glob("*")):
                if OURS.fullmatch(part.name):
                    entry = zipfile.ZipInfo(part.name)          # without a date: the same model, the same bytes
                    with open(part, "rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                        shutil.copyfileobj(source, target)


@contextmanager
def entries(path):
    """(ZipFile, {name: ZipInfo}) of an archive; Failure if it is damaged, packed, or names an entry twice."""
    with opened(path) as (file, size):
        try:
            with zipfile.ZipFile(file) as archive:
                found = {entry.filename: entry for entry in archive.infolist()}
                if len(found) < len(archive.infolist()):
                    raise Failure(f"{path}: it has an entry twice")
                for name, entry in found.items():
                    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
                        raise Failure(f"{path}: its entry {shown(name)} is compressed or encrypted")
                if sum(entry.file_size for entry in found.values()) > size:
                    raise Failure(f"{path}: its entries are larger than the archive: some lie on top of each other")
                yield archive, found
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
            raise Failure(f"{path} is damaged, or no archive of a model ({error})") from error


@contextmanager
def unpacked(path):
    """A folder that holds what the archive `path` holds, while the block lasts; a Failure in it names the archive."""
    with tempfile.TemporaryDirectory() as folder:
        with entries(path) as (archive, found):
            if strange := [name for name in found if not OURS.fullmatch(name)]:
                raise Failure(f"{path}: a saved model has no {shown(strange[0])}")
            for name, entry in found.items():
                with archive.open(entry) as source, open(Path(folder) / name, "wb") as target:
                    shutil.copyfileobj(source, target)
        try:
            yield Path(folder)
        except Failure as error:
            raise Failure(str(error).replace(folder + os.sep, f"{path}, ").replace(folder, str(path))) from error


def keras_parts(path):
    """{name: bytes} of an archive of Keras', of the weights and, if it is there, the architecture; None for one of
    minigrad's."""
    with entries(path) as (archive, found):
        if KERAS not in found or "model.json" in found:
            return None
        return {name: archive.read(found[name]) for name in (KERAS, "config.json") if name in found}
