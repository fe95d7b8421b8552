"""Files that are whole or absent: atomic writing, checksums and the cache folder."""
import hashlib
import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .arguments import shown
from .browser import kept
from .errors import UsageError

writes = True               # whether this process writes what all processes of a job share: minigrad/scale/distributed


@contextmanager
def atomic_write(path, mode="wb", **options):
    """Open a file that takes the place of `path` only when it is complete.

        with atomic_write("run/weights.safetensors") as file:
            file.write(data)

    The text goes to a temporary file in the same folder, is flushed to disk (fsync), and then renamed over `path`
    (os.replace is atomic within a file system). After an exception, a full disk or a kill -9 the old `path` is
    unchanged. Parent folders are made. `mode` is "wb" or "w"; `options` go to `open` (text is UTF-8 unless told).
    """
    if mode not in ("w", "wb"):
        raise ValueError(f'atomic_write: mode must be "w" or "wb", not {shown(mode)}')
    if mode == "w":
        options.setdefault("encoding", "utf-8")
    path = Path(os.path.realpath(path))  # write through a symbolic link rather than replace it
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the file {path}: it is a folder")
    with _temporary_sibling(path) as temporary:
        with open(temporary, mode, **options) as file:
            yield file
            _flush_to_disk(file)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)


@contextmanager
def atomic_folder(path):
    """Yield a new empty folder (a Path) that becomes `path` only when the block ends without an error.

    Folders cannot be replaced atomically, so when another process has made `path` in the meantime, that one stays.
    """
    path = Path(path)
    with _temporary_sibling(path) as temporary:
        temporary.mkdir()
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                with open(file, "r+b") as written:
                    _flush_to_disk(written)
        try:
            os.rename(temporary, path)
        except OSError:
            if not path.is_dir():
                raise


@contextmanager
def replaced_folder(path, mark):
    """Yield a new folder that takes the place of `path` when the block ends without an error.

    mark    the file by which a folder that may be replaced is known, written into the new one;
            UsageError for a folder that holds other things, and where nothing can be written
    """
    path = Path(path)
    if path.is_symlink() or path.exists() and not path.is_dir():
        raise UsageError(f"{path}: not a folder")
    old = path.exists() and any(path.iterdir())
    if old and not (path / mark).is_file():
        raise UsageError(f"{path}: holds other files; give a new or empty folder, or one that was made this way before")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"{path}: can't write there: {error.strerror}") from None
    with before as aside:
        away = Path(aside) / "old"
        try:
            with atomic_folder(path) as new:
                yield new
                (new / mark).touch()
                if path.exists():           # an old one, or an empty folder
                    os.rename(path, away)
        except BaseException:
            if away.exists() and not path.exists():
                os.rename(away, path)
            raise


def _flush_to_disk(file):
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _temporary_sibling(path):
    """A free name in the folder of `path`, which is made if missing; whatever bears the name at the end is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def sha256(path):
    """The SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder():
    """Where downloaded data is kept: $MINIGRAD_CACHE, or $XDG_CACHE_HOME/minigrad, or ~/.cache/minigrad.

    In JupyterLite it is the folder data beside the notebooks.
    """
    if chosen := os.environ.get("MINIGRAD_CACHE"):
        return Path(chosen).expanduser()
    if in_browser := kept():
        return in_browser
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigrad"
