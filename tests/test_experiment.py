"""Laws of `Experiment`: one config with a home."""

import contextlib
import dataclasses
import io
import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ReadonlyConfigError

import mag
from mag.cli.program import run_program
from mag.disk.locks import is_held
from mag.errors import ConfigError, ExistsError, MagError, NotFoundError, RecordError, ResultError
from mag.experiment import Experiment
from mag.record import claims
from mag.record.opening import IfExists
from mag.record.paths import ExperimentPaths
from mag.record.records import read_record

CONFIG = {"C": 10, "gamma": 0.01}
FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status_of(experiment: Experiment) -> str:
    """Return what the record says."""
    return read_record(ExperimentPaths(str(experiment.directory))).status


def test_making_one_touches_nothing(folder: Path) -> None:
    """An experiment has name, directory and identity before anything is on disk."""
    experiment = Experiment(config=CONFIG)

    assert experiment.identifier == "10|0.01"
    assert experiment.directory == folder / "experiments" / "10|0.01"
    assert list(folder.iterdir()) == []


def test_block_leaves_a_record(capfd: pytest.CaptureFixture[str]) -> None:
    """A block leaves config, log, results and a record that says completed; its output is shown as well."""
    with Experiment(config=CONFIG) as experiment:
        print("Accuracy is", 0.9)
        os.system("echo from a child")
        experiment.register_result("accuracy", 0.9)

    assert json.loads((experiment.directory / "config.json").read_text()) == CONFIG
    assert json.loads((experiment.directory / "results.json").read_text()) == {"accuracy": 0.9}
    assert (experiment.directory / "log").read_text() == "Accuracy is 0.9\nfrom a child\n"
    assert "from a child" in capfd.readouterr().out
    assert status_of(experiment) == "completed"


def test_exception_passes_and_is_recorded() -> None:
    """An exception reaches the caller; record and log tell of it."""
    with pytest.raises(ZeroDivisionError), Experiment(config=CONFIG) as experiment:
        1 / 0  # noqa: B018

    assert status_of(experiment) == "failed"
    assert "ZeroDivisionError: division by zero" in (experiment.directory / "log").read_text()


@pytest.mark.parametrize(("error", "status"), [(SystemExit(0), "failed"), (KeyboardInterrupt(), "interrupted")])
def test_early_ends_are_not_completed(error: BaseException, status: str) -> None:
    """Even `sys.exit(0)` does not make an experiment completed."""
    with pytest.raises(type(error)), Experiment(config=CONFIG) as experiment:
        raise error

    assert status_of(experiment) == status


def test_config_is_read_only_and_says_what_was_meant() -> None:
    """Dot access reads; it writes nothing, and a misspelt key is answered with the nearest."""
    experiment = Experiment(config={"C": 10, "gamma": 0.01})

    assert experiment.config.gamma == 0.01
    with pytest.raises(ReadonlyConfigError):
        experiment.config.C = 1
    with pytest.raises(ConfigAttributeError, match="Did you mean: 'gamma'"):
        _ = experiment.config.gama


@dataclasses.dataclass
class Svm:
    """A config as a dataclass."""

    C: int = 10
    gamma: float = 0.01


@pytest.mark.parametrize("config", [CONFIG, OmegaConf.create(CONFIG), Svm(), Svm], ids=type)
def test_forms_of_a_config(config: dict[str, object] | DictConfig | Svm | type) -> None:
    """A dict, a DictConfig, a dataclass or its type mean the same experiment."""
    assert Experiment(config=config).identity == Experiment(config=CONFIG).identity


@pytest.mark.parametrize("text", ["C: 10\ngamma: 0.01\n", '{"C": 10, "gamma": 0.01}'])
def test_config_from_a_file(folder: Path, text: str) -> None:
    """A path of a YAML or JSON file means its content."""
    (folder / "config.yaml").write_text(text)

    assert Experiment(config="config.yaml").identifier == "10|0.01"


@pytest.mark.parametrize("config", [[1], 5, "missing.yaml", {"a": object()}])
def test_no_config(config: object) -> None:
    """What is no config is refused in a sentence."""
    with pytest.raises(MagError):
        _ = Experiment(config=config).identifier


def test_interpolations_are_resolved() -> None:
    """What is stored, named and seen is the resolved config."""
    assert Experiment(config={"a": 2, "b": "${a}"}).identifier == "2|2"


def test_seed_is_of_the_config() -> None:
    """Equal configs have equal seeds of 32 bits, different ones different seeds; what is hidden changes nothing."""
    seeds = [Experiment(config={"C": C, "_gpu": gpu}).seed for C, gpu in [(1, 0), (1, 1), (2, 0)]]

    assert seeds[0] == seeds[1] != seeds[2]
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_completed_ones_are_protected() -> None:
    """What completed is not touched again unless the user says how."""
    with Experiment(config=CONFIG) as experiment:
        experiment.register_result("x", 1)

    with pytest.raises(ExistsError, match="if_exists='rerun'"), Experiment(config=CONFIG):
        pass

    assert Experiment(config=CONFIG).results == {"x": 1}


def test_rerun_sets_the_old_aside() -> None:
    """A rerun starts anew; log, results and record of the attempt before are kept."""
    for number in (1, 2):
        with Experiment(config=CONFIG, if_exists="rerun") as experiment:
            print("attempt", number)
            assert experiment.results == {}
            experiment.register_result("number", number)

    kept = experiment.directory / ".mag" / "attempts" / "1"
    assert experiment.results == {"number": 2}
    assert (experiment.directory / "log").read_text() == "attempt 2\n"
    assert (kept / "log").read_text() == "attempt 1\n"
    assert json.loads((kept / "results.json").read_text()) == {"number": 1}


def test_resume_goes_on_from_any_result() -> None:
    """Also from one that JSON has no word for; within the block it is what it was, too."""
    for name in ("loss", "accuracy"):
        with Experiment(config=CONFIG, if_exists="resume") as experiment:
            experiment.register_result(name, float("inf"))
            assert experiment.results[name] == float("inf")

    assert experiment.results == {"loss": float("inf"), "accuracy": float("inf")}


def test_resume_goes_on(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A resumed experiment keeps what it has, and `mag log` shows what all attempts printed as one."""
    with Experiment(config=CONFIG) as experiment:
        print("first")
        experiment.register_result("a", 1)
    with Experiment(config=CONFIG, if_exists="resume") as experiment:
        print("second")
        experiment.register_result("b", 2)

    assert experiment.results == {"a": 1, "b": 2}
    capsysbinary.readouterr()
    assert run_program(["log", experiment.identifier]) == 0
    assert capsysbinary.readouterr().out == b"first\n--- attempt 2 ---\nsecond\n"


def test_skip_writes_nothing() -> None:
    """With `skip` the block can see that all is done, and nothing is written."""
    with Experiment(config=CONFIG) as experiment:
        pass
    before = (experiment.directory / ".mag" / "record.json").read_bytes()

    with Experiment(config=CONFIG, if_exists="skip") as experiment:
        assert experiment.completed
        with pytest.raises(RecordError, match="was skipped, since it completed before"):
            experiment.register_result("x", 1)

    assert (experiment.directory / ".mag" / "record.json").read_bytes() == before


def test_failed_ones_are_tried_again() -> None:
    """An experiment that failed needs no permission to be tried again."""
    with pytest.raises(ValueError, match="no"), Experiment(config=CONFIG):
        raise ValueError("no")
    with Experiment(config=CONFIG) as experiment:
        pass

    assert status_of(experiment) == "completed"


@pytest.mark.parametrize("reference", ["10|0.01", "experiments/10|0.01", "{identity:.8}", "{directory}"])
def test_resume_from(reference: str) -> None:
    """Path, identifier and the beginning of the identity bring config, results and directories back."""
    with Experiment(config={**CONFIG, "_seed": 3}) as first:
        first.register_result("loss", float("inf"))
        (first.register_directory("checkpoints") / "model").write_text("weights")

    found = Experiment(resume_from=reference.format(identity=first.identity, directory=first.directory))

    assert found.config == {**CONFIG, "_seed": 3}
    assert found.identity == first.identity
    assert found.results == {"loss": float("inf")}
    assert (found.directory / "checkpoints" / "model").read_text() == "weights"


def test_resume_from_nothing() -> None:
    """A name that no experiment answers to is an error that says what there is."""
    with Experiment(config=CONFIG):
        pass

    with pytest.raises(NotFoundError, match=r"there is '10\|0.01'"):
        _ = Experiment(resume_from="10|0.1").config


@pytest.mark.parametrize("name", ["results", "completed", "identifier", "directory", "identity"])
def test_nothing_is_known_of_a_misspelt_name(name: str) -> None:
    """Whatever is asked of a name that no experiment answers to, the answer is an error, not emptiness."""
    with pytest.raises(NotFoundError):
        getattr(Experiment(resume_from="nope"), name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"if_exists": "resmue"}, "'resmue' is unknown: did you mean 'resume'"),
        ({"if_exists": 3}, "one of 'error', 'resume', 'rerun', 'skip'"),
        ({"name": ""}, "name='' cannot be"),
        ({"config": None, "resume_from": ""}, "resume_from='' names no experiment"),
    ],
)
def test_mistakes_are_told_at_once(given: dict[str, Any], message: str) -> None:
    """What cannot be meant is refused when the experiment is made."""
    with pytest.raises(ConfigError, match=message):
        Experiment(**{"config": CONFIG, **given})


def test_commit_is_of_the_scripts_repository(folder: Path, git: Callable[..., str]) -> None:
    """A script's code is that of the repository that it is in, wherever it is started; its experiments are here."""
    (folder / "project").mkdir()
    code = "from mag.experiment import Experiment\nwith Experiment(config={'C': 1}): pass\n"
    (folder / "project" / "script.py").write_text(code)
    git("init", "-q", "-b", "main", folder=folder / "project")
    git("add", ".", folder=folder / "project")
    git("commit", "-q", "-m", "first", folder=folder / "project")
    subprocess.run([sys.executable, "project/script.py"], check=True)

    commit = read_record(ExperimentPaths("experiments/1")).commit
    assert commit["hash"] == git("rev-parse", "HEAD", folder=folder / "project")


def test_config_or_resume_from() -> None:
    """An experiment is made from a config or from an older experiment."""
    with pytest.raises(ConfigError, match="not both"):
        Experiment(config=CONFIG, resume_from="x")
    with pytest.raises(ConfigError, match="needs either"):
        Experiment()


@pytest.mark.parametrize("name", ["../x", "/x", ".mag/x", "", "."])
def test_directories_lie_inside(name: str) -> None:
    """No directory is made outside the experiment's, or among mag's own files."""
    with Experiment(config=CONFIG) as experiment, pytest.raises(RecordError, match="inside"):
        experiment.register_directory(name)


def test_a_name_of_the_users() -> None:
    """A name can be chosen; it must be a safe one, and a second config does not get it."""
    with Experiment(config=CONFIG, name="baseline") as experiment:
        pass

    assert experiment.directory.name == "baseline"
    assert Experiment(config={"C": 2}, name="baseline").directory.name.startswith("baseline~")
    with pytest.raises(RecordError, match="on every system"):
        _ = Experiment(config=CONFIG, name="../x").directory


def test_metrics_are_lines() -> None:
    """Each call leaves one line of JSON."""
    with Experiment(config=CONFIG) as experiment:
        experiment.log_metrics(step=1, loss=0.5)
        experiment.log_metrics(step=2, loss=float("nan"))

    lines = (experiment.directory / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": "nan"}]


def test_a_result_that_cannot_be_stored_changes_nothing() -> None:
    """A bad value is an error that names it, and what was registered stays."""
    with Experiment(config=CONFIG) as experiment:
        experiment.register_result("a", 1)
        with pytest.raises(ResultError, match="'model'"):
            experiment.register_result("model", object())

    assert experiment.results == {"a": 1}


def test_secrets_are_masked_everywhere() -> None:
    """A secret-looking value is in no file and no name, though the block sees it."""
    with pytest.raises(ValueError, match="hunter2"), Experiment(config={"password": "hunter2"}) as experiment:
        raise ValueError(f"no access with {experiment.config.password}")

    files = [path for path in experiment.directory.rglob("*") if path.is_file() and path.name != "log"]
    assert not [path for path in files if b"hunter2" in path.read_bytes()]
    assert "hunter2" not in str(experiment.directory)


def test_killed_script_leaves_output_and_results(folder: Path) -> None:
    """After `kill -9` the log has every line that was printed, and the results that were registered are there."""
    code = (
        "import os\nfrom mag.experiment import Experiment\n"
        "with Experiment(config={'C': 1}) as e:\n print('last words')\n"
        " e.register_result('a', 1)\n os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, cwd=folder)
    stored = mag.Store("experiments").find("1")

    assert stored.status == "lost"
    assert Path(stored.paths.log).read_text() == "last words\n"
    assert json.loads(Path(stored.paths.results).read_text()) == {"a": 1}


def test_nothing_is_left_open() -> None:
    """Descriptors and streams are after the block what they were before."""
    before = sorted(os.listdir("/proc/self/fd")), sys.stdout, sys.stderr
    with Experiment(config=CONFIG):
        pass

    assert (sorted(os.listdir("/proc/self/fd")), sys.stdout, sys.stderr) == before


def test_output_is_shown_once_where_streams_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook, say, what Python and its child processes print is in the log, and is shown there, once each."""
    monkeypatch.chdir(tmp_path)
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown)
    with Experiment({"C": 1}) as experiment:
        print("über")
        subprocess.run(["echo", "below"], check=True)

    assert sys.stdout is shown
    assert shown.getvalue() == (experiment.directory / "log").read_text() == "über\nbelow\n"


def test_an_escaped_interpolation_is_a_text() -> None:
    """The function gets what the record tells."""
    with Experiment(config={"a": 1, "b": "${a}", "c": r"\${a}"}) as experiment:
        assert (experiment.config.b, experiment.config.c) == (1, "${a}")

    assert json.loads((experiment.directory / "config.json").read_text()) == {"a": 1, "b": 1, "c": "${a}"}
    assert Experiment(resume_from=experiment.identifier).config.c == "${a}"


def test_scalars_of_numpy_are_values() -> None:
    """A config may hold them, as results may, and is the same as with Python's own."""
    config = {
        "lr": np.float64(0.5),
        "n": np.int64(3),
        "on": np.bool_(True),
        "of": [np.float32(2)],
        "name": np.str_("x"),
    }
    with Experiment(config=config) as experiment:
        assert experiment.config == {"lr": 0.5, "n": 3, "on": True, "of": [2.0], "name": "x"}

    plain = {"lr": 0.5, "n": 3, "on": True, "of": [2.0], "name": "x"}
    assert experiment.identity == Experiment(config=plain).identity


def test_a_result_that_holds_itself_is_refused() -> None:
    """With its name."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ResultError, match="'loop' contains itself"), Experiment(config=CONFIG) as experiment:
        experiment.register_result("loop", endless)


FORKED = """\
import os, sys
from mag.experiment import Experiment

with Experiment(config={"C": 1}) as experiment:
    if os.fork() == 0:
        if sys.argv[1] == "raise":
            raise ValueError("in the fork")
    else:
        os.wait()
        assert experiment.completed is False
        sys.exit(3 if sys.argv[1] == "leave" else 0)
"""


@pytest.mark.parametrize(("how", "status"), [("leave", "failed"), ("raise", "failed")])
def test_a_fork_that_leaves_the_block_decides_nothing(folder: Path, how: str, status: str) -> None:
    """However a fork of the block's process comes to the block's end, the record is that process's."""
    (folder / "script.py").write_text(FORKED)
    subprocess.run([sys.executable, "script.py", how], capture_output=True, check=False, timeout=60)

    record = read_record(ExperimentPaths("experiments/1"))
    assert (record.status, (record.error or {})["type"]) == (status, "SystemExit")


def test_results_of_worker_processes() -> None:
    """What processes of the experiment register is the experiment's, whoever registers before and after them."""
    with Experiment(config=CONFIG) as experiment:
        experiment.register_result("first", 1)
        workers = [FORK.Process(target=experiment.register_result, args=(f"w{i}", i)) for i in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seen = experiment.results
        experiment.register_result("last", math.inf)

    expected = {"first": 1, **{f"w{i}": i for i in range(8)}}
    assert (seen, Experiment(resume_from="10|0.01").results) == (expected, {**expected, "last": math.inf})


def test_blocks_that_overlap(folder: Path) -> None:
    """In whatever order they end, output goes in the end where it went before the first."""
    (folder / "script.py").write_text(
        "from mag.experiment import Experiment\n"
        "first, second = Experiment(config={'C': 1}), Experiment(config={'C': 2})\n"
        "first.__enter__(); print('to first'); second.__enter__(); print('to second')\n"
        "first.__exit__(None, None, None); print('still to second')\n"
        "second.__exit__(None, None, None); print('to nobody')\n"
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "to first\nto second\nstill to second\nto nobody\n"
    logs = [(folder / "experiments" / name / "log").read_text() for name in "12"]
    assert (logs[0][:9], logs[1]) == ("to first\n", "to second\nstill to second\n")


@pytest.mark.parametrize("if_exists", ["error", "skip"])
def test_what_completes_meanwhile_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, if_exists: IfExists) -> None:
    """Who looked before it completed, and comes to it after, does not run it once more."""
    claim = claims.claim_directory

    def complete_first(*arguments: Any, **named: Any) -> claims.Claim:
        monkeypatch.setattr(claims, "claim_directory", claim)
        with Experiment(config=CONFIG):
            pass
        return claim(*arguments, **named)

    monkeypatch.setattr(claims, "claim_directory", complete_first)
    late = Experiment(config=CONFIG, if_exists=if_exists)
    with pytest.raises(ExistsError) if if_exists == "error" else contextlib.nullcontext(), late:
        assert late.completed

    assert read_record(ExperimentPaths("experiments/10|0.01")).attempt == 1


@pytest.mark.parametrize("if_exists", ["error", "skip", "rerun", None])
def test_going_on_from_what_is_stored(if_exists: IfExists | None) -> None:
    """What to do with one that completed can be said there, too."""
    with Experiment(config=CONFIG) as experiment:
        experiment.register_result("a", 1)
    again = Experiment(resume_from="10|0.01", if_exists=if_exists)
    with pytest.raises(ExistsError) if if_exists == "error" else contextlib.nullcontext(), again:
        assert again.results == ({} if if_exists == "rerun" else {"a": 1})

    assert read_record(ExperimentPaths("experiments/10|0.01")).attempt == (1 if if_exists in {"error", "skip"} else 2)


BROKEN = {
    "no log": "os.remove('experiments/1/log'); os.mkdir('experiments/1/log'); raise ValueError('bad')",
    "all closed": "os.closerange(3, 200)",
    "pool": "pool = multiprocessing.get_context('fork').Pool(2)",
}


@pytest.mark.parametrize(
    ("block", "status"), [("no log", "failed"), ("all closed", "completed"), ("pool", "completed")]
)
def test_whatever_a_block_does_it_is_recorded_and_free_again(folder: Path, block: str, status: str) -> None:
    """Its lock is free when it ends, and its own exception is what is raised."""
    (folder / "script.py").write_text(
        "import multiprocessing, os\nfrom mag.experiment import Experiment\n"
        f"try:\n    with Experiment(config={{'C': 1}}): {BROKEN[block]}\n"
        "except ValueError as error: assert str(error) == 'bad'\n"
        "from mag.disk.locks import is_held; assert not is_held('experiments/1/.mag/lock')\n"
    )
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert read_record(ExperimentPaths("experiments/1")).status == status


def test_where_the_log_cannot_be_followed_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that could not begin is recorded as failed, and everything is as before."""

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("mag.record.log.LogFollower.start", refuse)
    before = os.fstat(1)
    with pytest.raises(RuntimeError), Experiment(config=CONFIG):
        pass

    assert os.fstat(1) == before
    assert status_of(Experiment(config=CONFIG)) == "failed"
    assert not is_held("experiments/10|0.01/.mag/lock")


@pytest.mark.parametrize(
    ("make", "said"), [(lambda: 1 << 20_000, "more than 4300 digits"), (lambda: "x" * (65 << 20), "more than 64 MB")]
)
def test_a_result_that_could_not_be_read_back_is_refused(make: Callable[[], object], said: str) -> None:
    """It changes nothing, and what is registered after it is stored."""
    with Experiment(config=CONFIG) as experiment:
        with pytest.raises(ResultError, match=said):
            experiment.register_result("large", make())
        experiment.register_result("score", 1)

    assert Experiment(resume_from="10|0.01").results == {"score": 1}


def test_results_that_a_block_writes_itself(folder: Path) -> None:
    """What is none of mag's in `results.json` does not keep the experiment from being recorded."""
    with Experiment(config=CONFIG) as experiment:
        (experiment.directory / "results.json").write_text('{"loss": NaN, "deep": ' + "[" * 300 + "]" * 300 + "}")

    assert repr(read_record(ExperimentPaths(str(folder / "experiments/10|0.01"))).results) == "{'loss': nan}"


def test_threads_register_side_by_side() -> None:
    """No result is lost, and none refused."""
    with Experiment(config=CONFIG) as experiment, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: experiment.register_result(f"r{i}", i), range(40)))

    assert Experiment(resume_from="10|0.01").results.keys() == {f"r{i}" for i in range(40)}


def test_a_line_that_could_only_be_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics that a full disk cuts off are refused, and do not spoil the next."""
    write = os.write
    with Experiment(config=CONFIG) as experiment:
        experiment.log_metrics(step=1)
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:4]))
        with pytest.raises(RecordError, match="No space left"):
            experiment.log_metrics(step=2)
        monkeypatch.undo()
        experiment.log_metrics(step=3)
        assert [line["step"] for line in experiment.metrics] == [1, 3]


def test_a_signal_handler_registers_in_the_middle_of_a_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither waits for the other, and both are stored, whatever had been written when the signal came."""
    replace = os.replace

    def be_interrupted(*paths: str) -> None:
        monkeypatch.setattr(os, "replace", replace)
        signal.raise_signal(signal.SIGUSR1)
        replace(*paths)

    with Experiment(config=CONFIG) as experiment:
        before = signal.signal(signal.SIGUSR1, lambda *_: experiment.register_result("late", 2))
        monkeypatch.setattr(os, "replace", be_interrupted)
        experiment.register_result("early", 1)
        signal.signal(signal.SIGUSR1, before)
        stored = json.loads((experiment.directory / "results.json").read_text())

    assert stored == Experiment(resume_from="10|0.01").results == {"early": 1, "late": 2}


def register_one(experiment: Experiment) -> None:
    """Be the work of a process that was started anew."""
    experiment.register_result("worker", experiment.config.C)


def test_an_experiment_is_sent_to_a_process() -> None:
    """One that was started anew, and forked from nothing, registers, too."""
    with Experiment(config=CONFIG) as experiment, multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(register_one, (experiment,))

    assert Experiment(resume_from="10|0.01").results == {"worker": 10}
