"""Files of the web: fetched once, compared with their hash, unpacked with suspicion."""
import io
import tarfile
import zipfile

import numpy as np
import pytest

from minigrad.keras import utils
from minigrad.support.errors import Failure
from minigrad.support.files import sha256

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_CACHE", str(tmp_path / "cache"))


def test_a_file_is_fetched_once_checked_and_unpacked(tmp_path):
    source = tmp_path / "source.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        entry = tarfile.TarInfo("inside/a.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    address = source.as_uri()
    path = utils.get_file(origin=address)
    assert open(path, "rb").read() == source.read_bytes()
    folder = utils.get_file("source.tar.gz", address, extract=True)
    assert open(f"{folder}/inside/a.txt").read() == "hello"
    good, before = sha256(source), source.read_bytes()
    source.write_bytes(b"other")
    assert utils.get_file(origin=address) == path and open(path, "rb").read() == before     # from the cache
    assert utils.get_file(origin=address, file_hash=good) == path
    for wrong in ("0" * 64, "0" * 32):
        with pytest.raises(Failure, match="not the expected file"):
            utils.get_file(origin=address, file_hash=wrong)
    assert open(path, "rb").read() == before                                # what came was not put in its place
    with pytest.raises(Failure, match="could not download"):
        utils.get_file(origin=(tmp_path / "absent").as_uri())
    for name in ("../evil", "/etc/evil"):
        with pytest.raises(ValueError, match="fname"):
            utils.get_file(name, address)


def test_archives_of_two_versions_have_two_folders(tmp_path):
    for version in ("1.0", "1.1"):
        with zipfile.ZipFile(tmp_path / f"v-{version}.zip", "w") as archive:
            archive.writestr("version", version)
        folder = utils.get_file(origin=(tmp_path / f"v-{version}.zip").as_uri(), extract=True)
        assert open(f"{folder}/version").read() == version


def test_archives_that_cannot_be_unpacked_are_one_failure(tmp_path):
    with tarfile.open(tmp_path / "cut.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("a")
        entry.size = 9999
        archive.addfile(entry, io.BytesIO(RNG.bytes(9999)))
    with zipfile.ZipFile(tmp_path / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "hello " * 99)
    packed = (tmp_path / "zip").read_bytes()
    directory = packed.index(b"PK\1\2")

    def changed(at, value):                 # in the header of the entry, and in the directory at the end
        return b"".join(data[:k] + bytes([value]) + data[k + 1:] for data, k in (
            (packed[:directory], at), (packed[directory:], at + 2)))
    for name, content in (("cut.tar.gz", (tmp_path / "cut.tar.gz").read_bytes()[:-500]), ("locked.zip", changed(6, 1)),
                          ("strange.zip", changed(8, 97)), ("rotten.zip", packed[:35] + b"?" * 9 + packed[44:])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Failure, match=f"{name} can't be unpacked"):
            utils.get_file(origin=(tmp_path / name).as_uri(), extract=True)
    assert not list((tmp_path / "cache" / "datasets").glob("*_extracted"))


def test_archives_stay_in_their_folder(tmp_path):
    def made(name, write):
        with write(tmp_path / name) as archive:
            if isinstance(archive, zipfile.ZipFile):
                archive.writestr("../evil.txt", "x")
            else:
                archive.addfile(tarfile.TarInfo("../evil.txt"), io.BytesIO())
        return (tmp_path / name).as_uri()
    for address in (made("a.zip", lambda p: zipfile.ZipFile(p, "w")), made("b.tar", lambda p: tarfile.open(p, "w"))):
        with pytest.raises(Failure, match="outside|unpacked"):
            utils.get_file(origin=address, extract=True)
    assert not list(tmp_path.rglob("evil.txt"))


def test_archives_that_are_bombs_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("minigrad.data.getting.LARGEST", 1 << 16)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 20))
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("zeros")
        entry.size = 1 << 20
        archive.addfile(entry, io.BytesIO(bytes(1 << 20)))
    for name in ("a.zip", "b.tar.gz"):
        with pytest.raises(Failure, match=f"{name}: it unpacks to more than"):
            utils.get_file(origin=(tmp_path / name).as_uri(), extract=True)
    assert not list(tmp_path.rglob("zeros"))
