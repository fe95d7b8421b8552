"""A file of the web: fetched once, compared with its hash before it lies in its place, and unpacked if asked for."""
import hashlib
import re
import shutil
from pathlib import Path, PurePosixPath

from ..support.arguments import one_of, shown
from ..support.browser import not_in_browser
from ..support.errors import Failure
from ..support.files import atomic_folder, atomic_write, cache_folder

HASHES = {64: "sha256", 32: "md5"}
LARGEST, RATIO = 1 << 30, 100               # what an archive may unpack to: a GiB, or so many times its own bytes
ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")


def download(url, path, checksum=None):
    """Return `path`, first downloading it unless it is there with this hash. Shows a progress bar.

    checksum    a SHA-256 or MD5, 64 or 32 hexadecimal digits; None: what is there, or comes whole, is taken as it is
    Raises Failure without a connection or if what comes is not the expected file; then what was there stays.
    """
    return path if _is_there(path, checksum) else _fetch(url, path, checksum)


def _is_there(path, checksum):
    if not path.is_file() or checksum is None:
        return path.is_file()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, HASHES[len(checksum)]).hexdigest() == checksum.lower()


def _fetch(url, path, checksum):
    import http.client
    import urllib.request

    from tqdm import tqdm
    not_in_browser(path.name)
    kind = HASHES[64 if checksum is None else len(checksum)]
    digest = hashlib.new(kind)
    try:
        with urllib.request.urlopen(url, timeout=60) as response, atomic_write(path) as file:
            size = int(response.headers.get("Content-Length") or 0) or None
            with tqdm(total=size, unit="B", unit_scale=True, desc=path.name) as bar:
                while chunk := response.read(1 << 16):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
            if checksum is not None and digest.hexdigest() != checksum.lower():
                raise Failure(f"{url} is not the expected file ({kind} {digest.hexdigest()}, expected {checksum}): "
                              "the download was cut short or changed, nothing was kept; try again")
            if size is not None and file.tell() < size:
                raise Failure(f"{url} was cut short: {file.tell():,} of {size:,} bytes came, nothing was kept; "
                              "try again")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Failure(f"could not download {url} ({error}): try again with a connection to the internet, "
                      f"or put the file at {path}") from error
    return path


def file_from_web(origin, name, digest, cache_dir, cache_subdir, extract, archive_format, force):
    """The path of the file, or of the folder of what was in it, as text."""
    from urllib.parse import urlparse
    one_of("get_file: archive_format", archive_format, ("auto", "tar", "zip", None))
    if digest is not None and not re.fullmatch("[0-9a-fA-F]{32}|[0-9a-fA-F]{64}", str(digest)):
        raise ValueError(f"get_file: file_hash is a SHA-256 or MD5, 64 or 32 hexadecimal digits, not {shown(digest)}")
    name = name or PurePosixPath(urlparse(origin).path).name
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"get_file: fname must be the name of a file in the cache, not {shown(name)}")
    folder = (cache_folder() if cache_dir is None else Path(cache_dir).expanduser()) / cache_subdir
    path = folder / name
    if force or not _is_there(path, digest):
        _fetch(origin, path, digest)
        shutil.rmtree(_unpacked(path), ignore_errors=True)
    if not extract:
        return str(path)
    if not _unpacked(path).is_dir():
        _unpack(path, _unpacked(path))
    return str(_unpacked(path))


def _unpacked(path):
    """The folder of an archive: a_extracted beside a.tar.gz, v-1.0_extracted beside v-1.0.zip."""
    ending = next((ending for ending in ARCHIVES if path.name.lower().endswith(ending)), "")
    return path.with_name(f"{path.name[:len(path.name) - len(ending)]}_extracted")


def _check_size(path, sizes):
    """Failure if the entries of an archive, by their sizes, are together far larger than it is: bombs are."""
    most, found = max(LARGEST, RATIO * path.stat().st_size), 0
    for size in sizes:
        found += size
        if found > most:
            raise Failure(f"{path}: it unpacks to more than {most:,} bytes, far more than its own: if that is right, "
                          "unpack it yourself")


def _unpack(path, target):
    """What an archive holds, in a new folder; Failure for entries that would lie elsewhere, links and devices."""
    import lzma
    import tarfile
    import zipfile
    import zlib
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive, atomic_folder(target) as folder:
                for entry in archive.infolist():
                    if Path(entry.filename).is_absolute() or ".." in Path(entry.filename).parts:
                        raise Failure(f"{path}: its entry {shown(entry.filename)} would lie outside the folder")
                _check_size(path, [entry.file_size for entry in archive.infolist()])
                archive.extractall(folder)
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive, atomic_folder(target) as folder:
                _check_size(path, (entry.size for entry in archive))
                archive.extractall(folder, filter="data")
        else:
            raise Failure(f"{path} is neither a tar nor a zip file, so it can't be unpacked")
    # RuntimeError: encrypted; NotImplementedError, one of them, packed in an unknown way; the others: damaged
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error,
            lzma.LZMAError) as error:
        raise Failure(f"{path} can't be unpacked: {error}") from error
