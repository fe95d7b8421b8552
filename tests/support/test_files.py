"""A file that minigrad writes is whole or absent, and an older one stays until the new one is complete."""
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from minigrad.support.files import atomic_folder, atomic_write, cache_folder, sha256


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@given(content=st.binary())
def test_writes_exactly_what_it_is_given(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("written")
    with atomic_write(folder / "a" / "b.bin") as file:      # the parent folder is made
        file.write(content)
    assert (folder / "a" / "b.bin").read_bytes() == content
    assert names(folder / "a") == ["b.bin"]
    assert sha256(folder / "a" / "b.bin") == hashlib.sha256(content).hexdigest()


def test_text_is_utf8(tmp_path):
    with atomic_write(tmp_path / "text", "w", newline="") as file:
        file.write("åβ\n")
    assert (tmp_path / "text").read_bytes() == "åβ\n".encode()


def test_error_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyError), atomic_write(path, "w") as file:
        file.write("new")
        raise KeyError
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a disk without room")
def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    real_open = open
    monkeypatch.setattr("builtins.open", lambda path, mode: real_open("/dev/full", mode))
    with pytest.raises(OSError, match="No space"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


def test_the_data_is_on_disk_before_the_name_points_to_it(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (calls.append(name), real(*args))[1])
    with atomic_write(tmp_path / "file") as file:
        file.write(b"new")
    with atomic_folder(tmp_path / "folder") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("new")
    assert calls == ["fsync", "replace", "fsync", "rename"]


def test_kill_in_the_middle_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    program = ("import os, signal, sys\n"
               "from minigrad.support.files import atomic_write\n"
               "with atomic_write(sys.argv[1], 'w') as file:\n"
               "    file.write('new' * 100_000)\n"
               "    file.flush()\n"
               "    os.kill(os.getpid(), signal.SIGKILL)\n")
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert path.read_text() == "old"
    with atomic_write(path, "w") as file:       # what the killed process left is not in the way
        file.write("newer")
    assert path.read_text() == "newer"


def test_permissions_and_links_are_kept(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_write(link, "w") as file:
        file.write("new")
    assert link.is_symlink() and path.read_text() == "new" and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match='"w" or "wb"'), atomic_write(tmp_path / "file", "a"):
        pass
    with pytest.raises(IsADirectoryError, match="it is a folder"), atomic_write(tmp_path):
        pass


def test_folder_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "folder"
    with pytest.raises(KeyError), atomic_folder(path) as unfinished:
        (unfinished / "file").write_text("half")
        raise KeyError
    assert names(tmp_path) == []
    with atomic_folder(path) as unfinished:
        (unfinished / "file").write_text("whole")
        assert not path.exists()
    with atomic_folder(path) as unfinished:                 # made meanwhile by another process: that one stays
        (unfinished / "file").write_text("late")
    assert (path / "file").read_text() == "whole" and names(tmp_path) == ["folder"]


def test_cache_folder(monkeypatch):
    for name in ("MINIGRAD_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == Path.home() / ".cache" / "minigrad"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/minigrad")
    monkeypatch.setenv("MINIGRAD_CACHE", "/here")
    assert cache_folder() == Path("/here")
