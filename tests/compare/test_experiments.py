"""The laws of `mag.Store`, and of its frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mag
from mag.compare.frames import type_column
from mag.compare.rows import MISSING
from mag.errors import NotFoundError, UsageError
from mag.record.paths import StorePaths
from mag.record.records import Record, write_record
from mag.record.seeds import derive_seed

Write = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> mag.Store:
    """Return a store of three experiments, the last of which failed."""
    for number, (model, accuracy) in enumerate([("cnn", 0.9), ("mlp", 0.5), ("cnn", None)]):
        paths = StorePaths(str(tmp_path)).experiment(f"{10 - number}")
        Path(paths.private).mkdir(parents=True)
        record = Record(
            identity=f"{number}" * 64,
            identifier=f"{10 - number}",
            status="failed" if accuracy is None else "completed",
            config={"C": 10 - number, "lr": 0.1 if number else 1, "<b>": "<i>"},
            choices={"model": model},
            results={} if accuracy is None else {"accuracy": accuracy},
            started="2026-11-30T12:00:00+00:00",
            seed=derive_seed(f"{number}" * 64),
        )
        write_record(paths, record, durable=False)
        Path(paths.metrics).write_text('{"step": 0, "loss": 2}\n{"step": 1, "loss": 1, "acc": 0.5}\n')
    return mag.Store(tmp_path)


def test_a_store_is_a_collection(store: mag.Store) -> None:
    """It has a length, is iterated in natural order, and gives one by place, name or identity, or several."""
    assert (len(store), [one.name for one in store]) == (3, ["8", "10", "9"])
    assert store[0].name == store["8"].name == store["2222"].name == "8"
    assert [one.name for one in store[1:]] == ["10", "9"]
    with pytest.raises(NotFoundError):
        store["11"]


def test_filters_are_those_of_ls(store: mag.Store) -> None:
    """Conditions are the language of the command line, or functions; a wrong key is told."""
    assert [one.name for one in store.filter("model=cnn", "accuracy>0.8")] == ["10"]
    assert [one.name for one in store.filter("model=mlp or status=failed")] == ["8", "9"]
    assert [one.name for one in store.filter(lambda one: one.config["C"] > 8).filter("C<10")] == ["9"]
    assert [one.name for one in store.sort("-accuracy")] == ["10", "9", "8"]
    with pytest.raises(UsageError, match="did you mean 'accuracy'"):
        store.filter("acuracy>0.9")
    with pytest.raises(NotFoundError, match="not among these 1"):
        store.filter("C=10").find("8")


def test_groups(store: mag.Store) -> None:
    """Groups are stores of their own, by a value or several."""
    assert {model: len(group) for model, group in store.groups("model").items()} == {"cnn": 2, "mlp": 1}
    assert [*store.groups("model", "status")] == [("cnn", "completed"), ("cnn", "failed"), ("mlp", "completed")]


def test_attributes_are_those_of_an_experiment(store: mag.Store) -> None:
    """What is read here is called as in `Experiment`."""
    one = store["10"]
    for name in ("identity", "identifier", "directory", "seed", "config", "results", "metrics", "completed"):
        assert hasattr(mag.Experiment, name)
        assert getattr(one, name) is not None
    assert (one.completed, one.metrics[0], one.directory.name) == (True, {"step": 0, "loss": 2}, "10")


def test_metrics_are_lines(store: mag.Store) -> None:
    """Each step of each experiment is a dict of the same keys."""
    assert store.filter("C=10").metrics() == [
        {"name": "10", "step": 0, "loss": 2, "acc": None},
        {"name": "10", "step": 1, "loss": 1, "acc": 0.5},
    ]
    assert len(store.metrics("acc")) == 3


def test_a_store_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    """Making one touches nothing; using it where there is nothing is an error that says where it looked."""
    nowhere = mag.Store(tmp_path / "nowhere")
    for use in (len, list, lambda store: store.filter("C=1")):
        with pytest.raises(NotFoundError, match=r"There is no directory '.*nowhere' \(in /"):
            use(nowhere)


def test_what_experiments_hold_is_never_markup(store: mag.Store) -> None:
    """A notebook shows names and values as text."""
    shown = store._repr_html_()
    assert "<i>" not in shown
    assert "<td>0.9</td>" in shown


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        ([1, None, 2], (int, [1, None, 2])),
        ([1, 2.5, MISSING], (float, [1.0, 2.5, None])),
        ([True, None], (bool, [True, None])),
        ([True, 1], (str, ["true", "1"])),
        ([[1, 2], "a"], (str, ["[1, 2]", "a"])),
        ([2**70, 1], (float, [float(2**70), 1.0])),
        ([10**400, 0.5], (float, [float("inf"), 0.5])),
        ([None], (str, [None])),
    ],
)
def test_columns_have_the_type_of_their_values(values: list[Any], typed: tuple[type, list[Any]]) -> None:
    """A column is of one type, whatever experiments hold."""
    assert type_column("x", values) == typed


def test_pandas(store: mag.Store) -> None:
    """The columns of a pandas frame are typed, dates included."""
    pytest.importorskip("pandas")
    frame = store.to_pandas()
    assert list(frame["C"]) == [8, 10, 9]
    kinds = {name: str(frame[name].dtype) for name in ("C", "lr", "accuracy", "started", "model")}
    assert kinds.pop("started").startswith("datetime64")
    assert kinds == {"C": "Int64", "lr": "float64", "accuracy": "float64", "model": "object"}


def test_polars(store: mag.Store) -> None:
    """So are those of a polars frame."""
    pytest.importorskip("polars")
    frame = store.to_polars()
    assert frame["accuracy"].to_list() == [None, 0.9, 0.5]
    assert [str(frame[name].dtype) for name in ("C", "lr", "model")] == ["Int64", "Float64", "String"]
    assert frame.to_dicts()[0].keys() == store.to_dicts()[0].keys()


def test_without_the_libraries(store: mag.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandas or polars is missing, the error says what to install; dicts need nothing."""
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    for make, name in ((store.to_pandas, "pandas"), (store.to_polars, "polars")):
        with pytest.raises(UsageError, match=rf"pip install 'mag-sweep\[{name}\]'"):
            make()
    assert [line["accuracy"] for line in store.to_dicts()] == [None, 0.9, 0.5]
