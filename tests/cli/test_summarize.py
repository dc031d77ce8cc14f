"""The laws of `mag summarize`."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]


@pytest.fixture
def grid(write: Write) -> None:
    """Put a grid of two values by two seeds into the store, of which one failed."""
    for c, seed, score in [(1, 0, 0.25), (1, 1, 0.75), (10, 0, 1.0), (10, 1, None)]:
        results = {"score": score, "note": "x"} if score is not None else {}
        status = "completed" if results else "failed"
        write(f"{c}|{seed}", {"C": c, "seed": seed, "same": 0}, results=results, status=status)


@pytest.mark.usefixtures("grid")
def test_results_side_by_side(run: Run) -> None:
    """Completed experiments, the keys in which they differ, their results; the others are counted."""
    status, out, err = run("summarize")
    assert status == 0
    assert out == "name\tC\tseed\tscore\tnote\n1|0\t1\t0\t0.25\tx\n1|1\t1\t1\t0.75\tx\n10|0\t10\t0\t1.0\tx\n"
    assert err == "mag: 1 of 4 experiments did not complete and is left out\n"


@pytest.mark.parametrize(
    ("arguments", "table"),
    [
        (["--by", "C"], ["C n failed score score_sd score_±95%", "1 2 0 0.5 0.3536 3.177", "10 1 1 1.0  "]),
        (["--by", "same"], ["same n failed score score_sd score_±95%", "0 3 1 0.6667 0.3819 0.9486"]),
        (["--by", "C,seed", "C=10"], ["C seed n failed score", "10 0 1 0 1.0", "10 1 0 1 "]),
        (
            ["--best", "score", "--over", "seed"],
            ["C place n score score_sd score_±95%", "10 1 1 1.0  ", "1 2 2 0.5 0.3536 3.177"],
        ),
        (["--best", "score"], ["name C seed score note", "10|0 10 0 1.0 x"]),
        (["--best", "score", "--min"], ["name C seed score note", "1|0 1 0 0.25 x"]),
        (["--best", "score", "--by", "C"], ["name C seed score note", "1|1 1 1 0.75 x", "10|0 10 0 1.0 x"]),
        (["--pivot", "score", "C", "seed"], ["C seed=0 seed=1", "1 0.25 0.75", "10 1.0 1 failed"]),
        (["--pivot", "score", "same", "C"], ["same C=1 C=10", "0 0.5 ± 0.35 (2) 1.0 (1)"]),
    ],
)
@pytest.mark.usefixtures("grid")
def test_views(run: Run, arguments: list[str], table: list[str]) -> None:
    """Groups, the best, and grids, as the help explains them."""
    out = run("summarize", *arguments).out
    assert out.replace(" sd", "_sd").replace(" ±95", "_±95").replace("\t", " ").splitlines() == table


@pytest.mark.usefixtures("grid")
def test_a_grid_says_when_a_cell_is_a_mean(run: Run) -> None:
    """Whoever reads a cell knows whether it stands for several experiments."""
    assert "a cell is the mean of score" in run("summarize", "--pivot", "score", "same", "C").err
    assert "mean of" not in run("summarize", "--pivot", "score", "C", "seed").err


@pytest.mark.usefixtures("grid")
def test_json(run: Run) -> None:
    """--json has mean, sd and n of every group, null where there is none."""
    groups = json.loads(run("summarize", "--by", "C", "--json").out)
    assert groups[1] == {
        "by": {"C": 10},
        "n": 1,
        "failed": 1,
        "names": ["10|0"],
        "results": {"score": {"mean": 1.0, "sd": None, "margin": None, "interval": "95 % by Student's t", "n": 1}},
    }
    assert [one["name"] for one in json.loads(run("summarize", "--best", "score", "--json").out)] == ["10|0"]
    cells = json.loads(run("summarize", "--pivot", "score", "C", "seed", "--json").out)
    assert [(cell["by"], cell["results"]["score"]["mean"]) for cell in cells] == [
        ({"C": 1, "seed": 0}, 0.25),
        ({"C": 1, "seed": 1}, 0.75),
        ({"C": 10, "seed": 0}, 1.0),
        ({"C": 10, "seed": 1}, None),
    ]


def test_nan_in_json(run: Run, write: Write) -> None:
    """A mean that is NaN is a string, so that the document is valid."""
    write("1", {"C": 1}, results={"score": float("nan")})
    (group,) = json.loads(run("summarize", "--by", "C", "--json").out)
    score = group["results"]["score"]
    assert (score["mean"], score["sd"], score["n"]) == ("nan", None, 1)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--by", "sede"], 2),
        (["--best", "sroce"], 2),
        (["--pivot", "score", "C", "sede"], 2),
        (["--min"], 2),
        (["--effects", "score", "--best", "score"], 2),
        (["--importance", "score", "--effects", "score"], 2),
        (["--pivot", "score", "C", "seed", "--by", "C"], 2),
        (["--best", "note"], 0),
        (["status=failed"], 0),
    ],
)
@pytest.mark.usefixtures("grid")
def test_nothing_to_show(run: Run, arguments: list[str], status: int) -> None:
    """A mistake ends with status 2, an empty result with 0; both say why and print no data."""
    ending = run("summarize", *arguments)
    assert (ending.status, ending.out) == (status, "")
    assert ending.err.startswith("mag: ")


@pytest.mark.usefixtures("grid")
def test_nothing_to_show_is_valid_json(run: Run) -> None:
    """Where there is nothing, --json is an empty list."""
    assert run("summarize", "status=failed", "--json").out == "[]\n"
    assert run("summarize", "--best", "note", "--json").out == "[]\n"


@pytest.fixture
def seeds(write: Write) -> None:
    """Put three seeds each of two models into the store, one of them with a key that the others lack."""
    for model, seed, score in [
        ("a", 0, 0.9),
        ("a", 1, 0.92),
        ("a", 2, 0.94),
        ("b", 0, 0.5),
        ("b", 1, 0.52),
        ("b", 2, 0.5),
    ]:
        write(f"{model}|{seed}", {"model": model, "seed": seed}, results={"score": score})
    write("a|0|0.1", {"model": "a", "seed": 0, "dropout": 0.1}, results={"score": 0.91})


@pytest.mark.usefixtures("seeds")
def test_what_varies_within_groups_is_told(run: Run) -> None:
    """Nobody takes a mean over a key without being told, unless it is said to be meant."""
    told = run("summarize", "--by", "model", "--over", "seed").err
    assert "dropout varies within a group: add --by dropout, or filter" in told
    assert "seed varies" not in told
    assert run("summarize", "--by", "model,dropout", "--over", "seed").err == (
        "mag: 1 combination was not tried: model=b dropout=0.1\n"
    )


@pytest.mark.usefixtures("seeds")
def test_the_best_setting_and_whether_it_is_noise(run: Run) -> None:
    """The best by its mean over seeds, the runner-up, and what can be said of the difference."""
    best = run("summarize", "dropout=", "--best", "score", "--over", "seed")
    assert [line.split("\t")[:3] for line in best.out.splitlines()[1:]] == [["a", "1", "3"], ["b", "2", "3"]]
    assert "the best leads the runner-up by 0.413: more than noise (Welch's t test" in best.err
    assert "cannot say" in run("summarize", "seed=0", "--best", "score", "--over", "seed").err


@pytest.mark.usefixtures("seeds")
def test_effects(run: Run) -> None:
    """The key that matters comes first, with what chance alone would give beside it."""
    out = run("summarize", "dropout=", "--effects", "score", "--csv").out.splitlines()
    assert out[0] == "keys,values,share,by chance"
    assert out[1].startswith("model,2,0.99")
    assert out[2].startswith("seed,3,0.0")


@pytest.mark.usefixtures("seeds")
def test_importance(run: Run) -> None:
    """The key that matters comes first; the shares are of all experiments."""
    pytest.importorskip("optuna")
    ending = run("summarize", "dropout=", "--importance", "score", "--csv")
    assert [line.split(",")[0] for line in ending.out.splitlines()] == ["key", "model", "seed"]
    assert "of 6 experiments, by Optuna's fANOVA" in ending.err


def test_an_identity_counts_once(run: Run, write: Write) -> None:
    """A copy of an experiment is in no mean, and is named."""
    for name in ("1", "kept_for_paper"):
        write(name, {"C": 1}, results={"score": 1.0})
    write("2", {"C": 2}, results={"score": 0.5})
    ending = run("summarize", "--by", "C")
    assert [line.split("\t")[1] for line in ending.out.splitlines()[1:]] == ["1", "1"]
    assert "same identity as another" in ending.err
