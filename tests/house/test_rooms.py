"""The house rule: a room is for one kind of visitor, and imports run one way, from upper floors to lower ones."""
import pytest

from . import rooms

GRAPH = rooms.graph()
SOURCES = [f for top in ("minigrad", "benchmarks", "tests") for f in sorted((rooms.ROOT / top).rglob("*.py"))]


def test_every_room_has_a_floor_and_stands_on_its_own():
    found = {f.name for f in (rooms.ROOT / "minigrad").iterdir() if (f / "__init__.py").exists()}
    assert found | {"benchmarks"} == set(rooms.FLOOR)
    flat = {f.name for f in (rooms.ROOT / "minigrad").iterdir() if f.is_file()}
    assert flat == {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}


def test_imports_run_down():
    wrong = [f"{a}, line {line}: {b}, on floor {rooms.FLOOR[rooms.room(b)]}, from floor {rooms.FLOOR[rooms.room(a)]}"
             for a, targets in GRAPH.items() for b, line in targets.items()
             if rooms.room(a) != rooms.room(b) and rooms.FLOOR[rooms.room(b)] >= rooms.FLOOR[rooms.room(a)]]
    assert not wrong, "\n".join(wrong)


def test_no_files_import_each_other_in_a_circle():
    found = rooms.circle(GRAPH)
    assert found is None, " -> ".join(found)


def test_a_circle_and_a_hidden_import_are_noticed(tmp_path):
    assert rooms.circle({"a": {"b": 1}, "b": {"c": 1}, "c": {"b": 1}}) == ["b", "c", "b"]
    file = tmp_path / "layer.py"
    file.write_text("import minigrad as mg\ndef f():\n    from ..engine.tensor import Tensor\n"
                    "    mg.distributed.world()\n")
    known = rooms.modules() | {"minigrad.keras.layer": file}
    assert {m for _, m in rooms.imports("minigrad.keras.layer", known)} == \
        {"minigrad", "minigrad.engine.tensor", "minigrad.scale.distributed"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(rooms.ROOT)))
def test_files_are_of_a_size_to_read(file):
    """Lines of 120 columns at most are ruff's to check; minigrad/__init__.pyi is written by a program, so not here."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_tests_mirror_the_rooms():
    tests = {f.name for f in (rooms.ROOT / "tests").iterdir() if (f / "__init__.py").exists()}
    assert tests - {"house", "gpu"} == set(rooms.FLOOR)        # gpu: the same code of all rooms on another device


def test_the_picture_shows_what_is_so():
    shown, now = rooms.PICTURE.read_text(encoding="utf-8"), rooms.picture(rooms.arrows(GRAPH))
    assert shown == now, "imports have changed: python -m tests.house.rooms draws the picture anew; look at it"
