"""`minigrad fold` and `minigrad train distogram` from the command line, on crambin and chains that were made up."""
import json

import numpy as np
import pytest
from PIL import Image

from minigrad import corpora
from minigrad.commands import main as cli
from tests.zoo.test_distogram import protein
from tests.zoo.test_structure import ATOMS, CRAMBIN


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setattr(corpora, "crambin", lambda: CRAMBIN)
    training = [protein(n) for n in range(20, 40)] + [CRAMBIN._replace(name="3NIR_A")]
    monkeypatch.setattr(corpora, "proteins", lambda: (training, [protein(n, seed=1) for n in range(40, 46)]))


def test_fold_writes_a_model_and_pictures(tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["fold", "--copies", "4", "--steps", "200", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    figures = json.loads((out / "figures.json").read_text())
    assert figures["residues"] == 46 and figures["rmsd"] < 1.5 and len(figures["energy"]) == 4
    assert f"RMSD {figures['rmsd']:.2f} angstrom" in printed and "1,035 of 1,035 distances" in printed
    for name in ("structure.png", "distances.png"):
        assert Image.open(out / name).size[0] > 200
    film = Image.open(out / "folding.gif")
    assert 40 < film.n_frames < 45 and film.info["loop"] == 0


def test_the_model_on_file_is_the_model(tmp_path):
    assert cli.main(["fold", "--copies", "1", "--steps", "2", "--out", str(tmp_path)]) == 0
    *lines, ter, end = (tmp_path / "model.pdb").read_text().splitlines()
    atoms = 4 * 46 - CRAMBIN.sequence.count("G")
    assert len(lines) == atoms and all(len(line) == 80 for line in (*lines, ter, end))
    assert ter.split() == ["TER", str(atoms + 1), "ASN", "A", "46"] and end == f"{'END':80}"
    ca = np.array([[float(line[k:k + 8]) for k in (30, 38, 46)] for line in lines if line[12:16] == " CA "])
    assert np.allclose(np.linalg.norm(np.diff(ca, axis=0), axis=1), 3.8, atol=0.3) and ca.shape == (46, 3)
    assert lines[0][17:20] == "THR" and lines[-1][22:26] == "  46"
    assert np.isclose(np.linalg.norm(ATOMS[1, 1] - ATOMS[0, 1]), 3.8, atol=0.1)       # as in the true structure


def test_a_result_that_is_no_fold_is_called_so(tmp_path, capsys):
    for steps, unlike in (("1", True), ("200", False)):
        assert cli.main(["fold", "--copies", "4", "--steps", steps, "--out", str(tmp_path)]) == 0
        score = json.loads((tmp_path / "figures.json").read_text())["tm_score"]
        assert (score < 0.5) == unlike == ("not the protein's fold" in capsys.readouterr().out)


def test_noise_and_missing_distances(tmp_path, capsys):
    options = ["--noise", "1", "--known", "0.5", "--steps", "3", "--copies", "1", "--out", str(tmp_path)]
    assert cli.main(["fold", *options]) == 0
    known = int(capsys.readouterr().out.split(" of 1,035 distances")[0].split()[-1])
    assert 400 < known < 640


@pytest.mark.parametrize("arguments, complaint", [
    (["--protein", "nothing"], "no protein of the data is called 'nothing'"),
    (["--protein", "R2"], "names like it: R"),
    (["--noise", "-1"], "--noise"), (["--known", "0"], "--known"), (["--known", "1.5"], "--known"),
    (["--copies", "0"], "--copies"), (["--known", "1e-9"], "leaves none"),
    (["--model", "somewhere", "--noise", "1"], "--noise and --known")])
def test_wrong_use_is_exit_code_2(arguments, complaint, tmp_path, capsys):
    try:
        code = cli.main(["fold", *arguments, "--out", str(tmp_path)])
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and complaint in capsys.readouterr().err


def test_a_model_that_is_not_there_is_exit_code_1(tmp_path, capsys):
    assert cli.main(["fold", "--model", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert "minigrad train distogram" in capsys.readouterr().err


def test_from_the_sequence_to_a_structure(tmp_path, capsys):
    """Train a little, look at the figures, fold with the network's predictions."""
    out = tmp_path / "distogram"
    assert cli.main(["train", "distogram", "--size", "tiny", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "20 proteins to learn from, 6 held out; 1 relatives" in printed
    assert "the network, from the sequence" in printed
    figures = json.loads((out / "figures.json").read_text())
    assert set(figures["held_out"]["separation"]) == {"nats", "nats_long", "precision_long"}
    assert len(figures["val_loss"]) == 1 and (out / "history.csv").exists()
    assert Image.open(out / "learning.png").size[0] > 300
    options = ["--model", str(out), "--steps", "4", "--copies", "2", "--out", str(tmp_path / "fold")]
    assert cli.main(["fold", *options]) == 0
    assert "TM-score" in capsys.readouterr().out
    assert cli.main(["fold", *options, "--protein", "R25"]) == 0
    assert "no test of what it understands" in capsys.readouterr().out


def test_resume_without_a_run_is_exit_code_2(tmp_path, capsys):
    assert cli.main(["train", "distogram", "--resume", "--out", str(tmp_path)]) == 2
    assert "no unfinished run" in capsys.readouterr().err
