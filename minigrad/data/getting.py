"""A file of the web that a program asks for by its address: fetched once, compared with its hash, unpacked."""
import hashlib
import http.client
import re
import shutil
import tarfile
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

from ..support.arguments import one_of, shown
from ..support.errors import Failure
from ..support.files import atomic_folder, atomic_write, cache_folder

HASHES = {64: "sha256", 32: "md5"}


def file_from_web(origin, name, digest, cache_dir, cache_subdir, extract, archive_format, force):
    """The path of the file, or of the folder of what was in it, as text."""
    one_of("get_file: archive_format", archive_format, ("auto", "tar", "zip", None))
    if digest is not None and not re.fullmatch("[0-9a-fA-F]{32}|[0-9a-fA-F]{64}", str(digest)):
        raise ValueError(f"get_file: file_hash is a SHA-256 or MD5, 64 or 32 hexadecimal digits, not {shown(digest)}")
    name = name or PurePosixPath(urllib.request.urlparse(origin).path).name
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"get_file: fname must be the name of a file in the cache, not {shown(name)}")
    folder = (cache_folder() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    path = folder / name
    if force or not path.is_file() or digest and _hash(path, digest) != digest.lower():
        _fetch(origin, path)
        if digest and _hash(path, digest) != digest.lower():
            path.unlink()
            raise Failure(f"{origin} is not the expected file: its {HASHES[len(digest)].upper()} is another; "
                          "nothing was kept")
        shutil.rmtree(_unpacked(path), ignore_errors=True)
    if not extract:
        return str(path)
    if not _unpacked(path).is_dir():
        _unpack(path, _unpacked(path))
    return str(_unpacked(path))


def _unpacked(path):
    return path.with_name(f"{path.name.split('.')[0]}_extracted")


def _hash(path, digest):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, HASHES[len(digest)]).hexdigest()


def _fetch(origin, path):
    try:
        with urllib.request.urlopen(origin, timeout=60) as response, atomic_write(path) as file:
            shutil.copyfileobj(response, file)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failure(f"could not get {origin} ({error}): try again with a connection to the internet, or put the file "
                      f"at {path}") from error


def _unpack(path, target):
    """What an archive holds, in a new folder; Failure for entries that would lie elsewhere, links and devices."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive, atomic_folder(target) as folder:
                for entry in archive.infolist():
                    if Path(entry.filename).is_absolute() or ".." in Path(entry.filename).parts:
                        raise Failure(f"{path}: its entry {shown(entry.filename)} would lie outside the folder")
                archive.extractall(folder)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive, atomic_folder(target) as folder:
                archive.extractall(folder, filter="data")
        else:
            raise Failure(f"{path} is neither a tar nor a zip file, so it can't be unpacked")
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise Failure(f"{path} can't be unpacked: {error}") from error
