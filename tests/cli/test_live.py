"""Laws of the live view: a few lines that say how far a sweep is, always as many, on a terminal of any width."""

import os
import sys
from collections import Counter
from pathlib import Path

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.layout import measure
from mag.cli.live import draw_progress, label_experiments, paint
from mag.cli.progress import describe_progress
from mag.record.paths import StorePaths
from mag.record.progress import Progress
from mag.record.store import Store
from mag.run.tasks import Outcome
from mag.sweeps.report import Tracker

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in {".", ".."}
)
FAILURES = st.lists(st.tuples(NAMES, st.text(max_size=300)), max_size=5).map(tuple)
STORE = StorePaths("nowhere")
APP = """\
import os, sys, time
import mag

@mag.main
def train(config):
    print("at work on", config.C)
    while not os.path.exists("go"):
        time.sleep(0.02)
    if config.C == 2:
        raise ValueError("bad C")
    return {"score": config.C}
"""


def make_progress(running: int, jobs: int, failures: tuple[tuple[str, str], ...], *, results: bool) -> Progress:
    """Return how far a sweep of 10,000 experiments may be."""
    extremes = {"metric": "score", "lowest": [0.5, "a"], "highest": [1.5, "b"]} if results else None
    names = tuple(f"{number}|x" for number in range(running))
    counts = {"completed": 100, "failed": len(failures)}
    return Progress(
        total=10_000, counts=counts, running=names, failures=failures, extremes=extremes, seconds=60.0, jobs=jobs
    )


@given(jobs=st.integers(1, 64), failures=FAILURES, results=st.booleans(), width=st.integers(10, 200), data=st.data())
def test_as_many_lines_for_as_many_jobs(
    jobs: int, failures: tuple[tuple[str, str], ...], results: bool, width: int, data: st.DataObject
) -> None:
    """However much runs, has failed and was found, the view is as high as at the start, and no line too wide."""
    running = data.draw(st.integers(0, jobs))
    lines = draw_progress(make_progress(running, jobs, failures, results=results), STORE, width)

    assert len(lines) == len(draw_progress(make_progress(0, jobs, (), results=False), STORE, width)) <= 14
    assert max(map(measure, lines)) <= width


def test_what_the_view_says() -> None:
    """Counts, rate, time left, what runs, the extremes of a result and the latest failures."""
    failures = (("9|x", "ValueError: bad"),)
    lines = draw_progress(make_progress(2, 2, failures, results=True), STORE, 100)

    assert lines[0] == (
        "[------------------------] 101 of 10000, 1 failed, 1 min 0 s elapsed, 1 h 38 min left, 2 at a time"
    )
    assert lines[1:3] == ["  running  0|x  ", "  running  1|x  "]
    assert lines[3:5] == ["  score: highest 1.5 (b), lowest 0.5 (a)", "  failed   9|x  ValueError: bad"]


def test_what_was_interrupted_has_not_failed() -> None:
    """What somebody stopped is counted as that, and not shown among the latest failures."""
    tally = Tracker(3, Counter(), 1, 1)
    tally.end(Outcome(0, "1", "failed", message="ValueError: bad"))
    tally.end(Outcome(1, "2", "interrupted", message="stopped: it was stopped"))
    lines = draw_progress(tally.read(), STORE, 100)

    assert "2 of 3, 1 failed, 1 interrupted" in lines[0]
    assert [line for line in lines if "failed  " in line] == ["  failed   1  ValueError: bad"]


def test_very_many_at_a_time() -> None:
    """Of very many that run the first are shown, and how many more there are."""
    lines = draw_progress(make_progress(64, 64, (), results=False), STORE, 80)

    assert [line.split()[:2] for line in lines[8:10]] == [["running", "7|x"], ["and", "56"]]


def test_through_a_pipe() -> None:
    """A line says the same in short."""
    assert (
        describe_progress(make_progress(2, 2, (), results=False))
        == "100 of 10000: 100 completed, 2 running, 9900 to go"
    )


def test_what_was_not_started_is_not_done() -> None:
    """A sweep that was stopped is not done as far as it was not started."""
    progress = Progress(total=3, counts={"completed": 1, "interrupted": 1, "unstarted": 1}, over=True)

    assert describe_progress(progress) == "2 of 3: 1 completed, 1 interrupted, 1 not started"


def test_what_is_not_started_any_more_is_not_to_go() -> None:
    """While a sweep is being stopped, its numbers add up."""
    progress = Progress(total=9, counts={"completed": 2, "unstarted": 4}, running=("a",))

    assert describe_progress(progress) == "2 of 9: 2 completed, 4 not started, 1 running, 3 to go"


@pytest.mark.parametrize("command", [["sweep", "+C=1,2", "-j", "2"], ["watch"]])
def test_on_a_terminal(project: Path, command: list[str]) -> None:
    """While a sweep runs its view, and the same elsewhere, show the last line of each log; in the end it is gone."""
    (project / "train.py").write_text(APP)
    environment = os.environ | {"TERM": "xterm"}
    spawn = [
        pexpect.spawn(sys.executable, ["-m", "mag", "sweep", "+C=1,2", "-j", "2"], encoding="utf-8", env=environment)
    ]
    spawn[0].expect_exact("  2  at work on 2", timeout=30)
    if command == ["watch"]:
        spawn.append(pexpect.spawn(sys.executable, ["-m", "mag", "watch"], encoding="utf-8", env=environment))
        spawn[1].expect_exact("  2  at work on 2", timeout=30)
    (project / "go").touch()
    for child in spawn:
        child.expect_exact("1 completed, 1 failed", timeout=30)
        child.expect(pexpect.EOF, timeout=30)
        child.close()

    assert [child.exitstatus for child in spawn] == [1] * len(spawn)


@pytest.mark.parametrize(("words", "ran"), [(["sweep", "+C=1,3,4", "-j", "2"], "13"), (["run", "+C=1"], "1")])
def test_a_terminal_that_is_closed(project: Path, words: list[str], ran: str) -> None:
    """What runs is stopped and recorded as interrupted, nothing more starts, and the exit status tells of it."""
    (project / "train.py").write_text(APP)
    child = pexpect.spawn(sys.executable, ["-m", "mag", *words], env=os.environ | {"TERM": "xterm"}, timeout=30)
    child.expect_exact(f"at work on {ran[-1]}")
    os.close(child.child_fd)

    assert os.waitstatus_to_exitcode(os.waitpid(child.pid or 0, 0)[1]) == 129
    assert {one.name: one.status for one in Store()} == dict.fromkeys(ran, "interrupted")


def test_labels_are_the_overrides_that_differ() -> None:
    """A long name gives way to what differs; a short one stays; a very large sweep keeps its names."""
    names = [f"64|digits|0.1|mlp|adam|{seed}" for seed in range(3)]
    plan = [(name, ["data=digits", f"seed={name[-1]}"]) for name in names]
    assert label_experiments(plan) == {name: f"seed={name[-1]}" for name in names}
    assert label_experiments([("1|0", ["C=1"]), ("2|0", ["C=2"])]) == {}
    assert label_experiments((str(number), ()) for number in range(10_001)) == {}


def test_what_runs_shows_its_metric(tmp_path: Path) -> None:
    """The last value and a small chart, of the metric that is asked for or the first one, before the last line."""
    paths = StorePaths(str(tmp_path)).experiment("0|x")
    Path(paths.private).mkdir(parents=True)
    Path(paths.log).write_text("epoch 3\n")
    Path(paths.metrics).write_text('{"step": 1, "loss": 4, "acc": 0.5}\n{"step": 2, "loss": 2, "acc": 0.75}\n{"st')
    progress = make_progress(1, 1, (), results=False)
    first = draw_progress(progress, StorePaths(str(tmp_path)), 60)[1]
    assert first.startswith("  running  0|x  loss=2 ")
    assert first.endswith("  epoch 3")
    asked = draw_progress(progress, StorePaths(str(tmp_path)), 60, {"0|x": "seed=0"}, metric="acc")[1]
    assert asked.startswith("  running  seed=0  acc=0.75 ")


def test_elapsed_and_left_are_told() -> None:
    """How long it took and how long it will take stand in the first line, also where that is narrow."""
    assert draw_progress(make_progress(2, 2, (), results=False), STORE, 60)[0] == (
        "[--------] 100 of 10000, 1 min 0 s elapsed, 1 h 39 min left…"
    )


def test_a_status_has_the_color_of_tables() -> None:
    """What a line begins with is coloured, not what a name or message happens to hold."""
    text = paint(["failed      completed|1  ValueError: failed", "[##--] 2 of 4", "  running  x"])
    assert [(text.plain[span.start : span.end], str(span.style)) for span in text.spans] == [
        ("  running", "blue"),
        ("failed", "red"),
        ("##", "green"),
    ]
