"""Laws of reruns of scripts: the one experiment that is asked for is made again, and nothing else is touched."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.repetition import VARIABLE
from mag.record.store import Store

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]
Make = Callable[..., Path]

SCRIPT = """\
import random
import sys
import mag
import scale
from mag.experiment import Experiment

for C in (1, 2, 3):
    with Experiment(config=dict(C=C, words=sys.argv), if_exists="rerun", experiments_dir={store!r}) as experiment:
        mag.seed_everything(experiment.seed)
        print("running", C)
        experiment.register_result("score", scale.FACTOR * C + random.random())
        experiment.register_result("name", experiment.identifier)
print("the end")
"""


def run_python(*words: str) -> None:
    """Run Python in the current directory."""
    subprocess.run([sys.executable, *words], check=True, capture_output=True)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> Make:
    """Return a function that writes a script into a repository, and runs it there."""
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q")

    def make_script(text: str, *words: str) -> Path:
        (folder / "scale.py").write_text("FACTOR = 10\n")
        (folder / "script.py").write_text(text)
        run_python(*words or ("script.py",))
        return folder

    return make_script


def read_files(folder: Path) -> dict[Path, bytes]:
    """Return the content of all files of experiments, those of reruns left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and "reruns" not in path.parts)
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("store", ["experiments", "ABSOLUTE"])
def test_one_of_a_loop(make: Make, mag: Mag, store: str, tmp_path: Path) -> None:
    """Of the experiments that a script makes one is repeated, from the code as it was, and the rest stays as it is."""
    store = str(tmp_path / "runs") if store == "ABSOLUTE" else store
    code = make(SCRIPT.format(store=store), "script.py", "x", "y z")
    (code / "scale.py").write_text("FACTOR = 99\n")
    before = read_files(Path(store))
    done = mag("rerun", "2|script.pyxxxy z", "--dir", store)

    assert done.returncode == 0, done.stderr
    assert "score\t2" in done.stdout
    assert "name\t2|script.pyxxxy z\t2|script.pyxxxy z\tyes" in done.stdout
    assert ("running 2" in done.stderr, "running 3" in done.stderr, "the end" in done.stderr) == (True, False, False)
    assert read_files(Path(store)) == before
    assert len(list(Store(store))) == 3


def test_here(make: Make, mag: Mag, git: Git) -> None:
    """With --here today's script runs, where it is."""
    code = make(SCRIPT.format(store="experiments"))
    (code / "scale.py").write_text("FACTOR = 99\n")
    done = mag("rerun", "1|script.py", "--here")

    assert (done.returncode, "code differs" in done.stderr) == (1, True)
    assert git("for-each-ref", "--format=%(refname)").count("refs/mag/snapshots/") == 2


def test_module(make: Make, mag: Mag) -> None:
    """A script that was run as a module of its package runs so again."""
    text = "from . import name\nfrom mag.experiment import Experiment\n"
    text += "with Experiment(config={'C': 1}) as one:\n    one.register_result('name', name.NAME)\n"
    Path("package").mkdir()
    for name, content in {"__init__": "", "name": "NAME = 'a'\n", "work": text}.items():
        Path("package", f"{name}.py").write_text(content)
    make("", "-m", "package.work")
    Path("package", "name.py").write_text("NAME = 'b'\n")

    assert Store().find("1").record.command == ("python", "-m", "package.work")  # type: ignore[union-attr]
    done = mag("rerun", "1")
    assert (done.returncode, "a\ta\tyes" in done.stdout) == (0, True), done.stderr


def test_one_of_a_pool(make: Make, mag: Mag) -> None:
    """An experiment that a worker of the script's made is repeated by the script, not by the worker alone."""
    make(
        "import mag\nfrom joblib import Parallel, delayed\ndef make_one(C):\n"
        "    with mag.Experiment(config={'C': C}) as one:\n        one.register_result('score', 2 * C)\n"
        "if __name__ == '__main__':\n    Parallel(n_jobs=2)(delayed(make_one)(C) for C in range(3))\n"
    )
    before = read_files(Path("experiments"))
    done = mag("rerun", "2")

    assert (done.returncode, "score\t4\t4\tyes" in done.stdout) == (0, True), done.stderr
    assert read_files(Path("experiments")) == before


def test_what_other_experiments_left_is_found(make: Make, mag: Mag) -> None:
    """A script that reads another experiment finds it in a rerun, too, by path and by name."""
    text = "from mag.experiment import Experiment\nwith Experiment(config={'C': 1}, name='first') as one:\n"
    make(f"{text}    one.register_result('x', 7)\n")
    text = "from mag.experiment import Experiment\nfound = [Experiment(resume_from=name).results['x'] "
    text += "for name in ('experiments/first', 'first')]\n"
    make(f"{text}with Experiment(config={{'C': 2}}, name='second') as one:\n    one.register_result('x', found)\n")

    assert mag("rerun", "second").returncode == 0


def test_failures_agree_with_themselves(make: Make, mag: Mag) -> None:
    """An experiment that fails in its script fails again."""
    make(
        "from mag.experiment import Experiment\nimport contextlib\nwith contextlib.suppress(ZeroDivisionError):\n"
        "    with Experiment(config={'C': 1}) as one:\n        1 / 0\n"
    )
    assert mag("rerun", "1").returncode == 0


def test_what_goes_on_with_a_store_is_refused(make: Make, mag: Mag) -> None:
    """A script that goes on with what is there already is not let near it."""
    make("from mag.experiment import Experiment\nwith Experiment(config={'C': 1}):\n    pass\n")
    make("from mag.experiment import Experiment\nwith Experiment(resume_from='1') as one:\n    print(one.results)\n")
    before = read_files(Path("experiments"))
    done = mag("rerun", "1")

    assert (done.returncode, "which a rerun must not touch" in done.stderr) == (2, True), done.stderr
    assert read_files(Path("experiments")) == before


def test_a_script_that_does_not_come_to_it(make: Make, mag: Mag) -> None:
    """Where the config came from something that is gone, that is said, and where a death was in the way, too."""
    make("import os\nfrom mag.experiment import Experiment\nwith Experiment(config={'C': os.getcwd()}):\n    pass\n")
    (name,) = (one.name for one in Store())
    assert "before it came to" in mag("rerun", name).stderr

    make(
        "import os, pathlib\nfrom mag.experiment import Experiment\nwith Experiment(config={'C': 1}):\n"
        "    if not pathlib.Path('.git').is_dir():\n        os.kill(os.getpid(), 9)\n"
    )
    done = mag("rerun", "1")
    assert (done.returncode, "was ended by SIGKILL in the middle of" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("words", "overrides", "said"),
    [
        (["script.py"], ["C=2"], "so 'C=2' cannot change it"),
        (["script.py", "--password=hunter2"], [], "a masked secret"),
        (["-c", "import script"], [], "neither an app with @mag.main nor a script"),
    ],
)
def test_what_cannot_be_repeated(make: Make, mag: Mag, words: list[str], overrides: list[str], said: str) -> None:
    """Other configs, masked arguments and what is no script are refused; the code can be restored, as is said."""
    make("from mag.experiment import Experiment\nwith Experiment(config={'C': 1}):\n    pass\n", *words)
    done = mag("rerun", "1", *overrides)

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "`mag restore`" in done.stderr
    assert mag("restore", "1", "../restored").returncode == 0


@pytest.mark.parametrize("function", ["train", "lambda config: train(config)"])
def test_one_of_a_sweep(make: Make, mag: Mag, function: str) -> None:
    """Of the experiments of a script's own sweep one is repeated, whatever the function is called."""
    code = make(
        "import mag, scale\ndef train(config):\n    return config.x * scale.FACTOR\n"
        f"mag.sweep({function}, ['+x=1,2'])\nmag.sweep({function}, ['+x=3,4'])\n"
    )
    (code / "scale.py").write_text("FACTOR = 99\n")
    before = read_files(Path("experiments"))
    done = mag("rerun", "4")

    assert (done.returncode, done.stdout.splitlines()[1]) == (0, "result\t40\t40\tyes"), done.stderr
    assert read_files(Path("experiments")) == before


@pytest.mark.parametrize(
    "sweep",
    [
        "mag.sweep(lambda c: c.x, ['+x=1,2'], experiments_dir={store!r}, force=True)",
        "subprocess.run([sys.executable, '-m', 'mag', 'sweep', 'app.py', '+x=1,2', '--force', '--dir', {store!r}])",
    ],
    ids=["function", "command"],
)
def test_a_sweep_on_the_way(make: Make, mag: Mag, tmp_path: Path, sweep: str) -> None:
    """A sweep that the script makes before it comes to the experiment leaves nothing in a store."""
    store = tmp_path / "runs"
    Path("app.py").write_text("import mag\n@mag.main\ndef train(config):\n    return config.x\n")
    make(
        f"import mag, subprocess, sys\n{sweep.format(store=str(store))}\n"
        "with mag.Experiment(config={'C': 1}):\n    pass\n"
    )
    before = read_files(store)
    assert len(list(Store(store))) == 2
    assert mag("rerun", "1").returncode == 0
    assert read_files(store) == before


def test_it_can_be_interrupted(make: Make) -> None:
    """Ctrl-C ends the script, which is told of it, and leaves no process and no work tree."""
    make(
        "import pathlib, time\nfrom mag.experiment import Experiment\nwith Experiment(config={'C': 1}) as one:\n"
        "    if not pathlib.Path('.git').is_dir():\n        print('begun', flush=True)\n        time.sleep(100)\n"
    )
    command = [sys.executable, "-m", "mag", "rerun", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert any("begun" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert process.returncode == 130, rest
    assert Store().find("experiments/1/.mag/reruns/1").status == "interrupted"
    assert subprocess.check_output(["git", "worktree", "list"]).count(b"\n") == 1


def test_a_repetition_that_is_over(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process that outlives its rerun cannot write into a store unseen."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(subprocess.CalledProcessError) as caught:
        make("from mag.experiment import Experiment\nwith Experiment(config={'C': 1}):\n    pass\n")
    assert f"unset {VARIABLE}" in caught.value.stderr.decode()


POOLED = """\
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool
from mag.experiment import Experiment

def work(p):
    with Experiment(config={{"p": p}}, if_exists="rerun") as experiment:
        experiment.register_result("square", p * p)

if __name__ == "__main__":
    with {pool} as pool:
        list(pool.map(work, range(3)))
"""


@pytest.mark.parametrize("pool", ["Pool(2)", "ProcessPoolExecutor(2)", "ThreadPoolExecutor(1)"])
def test_a_script_with_a_pool(pool: str, make: Make, mag: Mag) -> None:
    """It ends when the experiment is there, whichever process or thread of the script made it."""
    make(POOLED.format(pool=pool))
    done = mag("rerun", "1", timeout=120)

    assert (done.returncode, "square\t1\t1\tyes" in done.stdout) == (0, True), done.stderr


def test_the_path_of_python_is_replayed(make: Make, mag: Mag, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """`PYTHONPATH` is what it was, in the recorded code; today's is left aside."""
    Path("src").mkdir()
    Path("src/helper.py").write_text("V = 1\n")
    Path("other").mkdir()
    Path("other/helper.py").write_text("V = 2\n")
    text = "import helper\nfrom mag.experiment import Experiment\nwith Experiment(config={'a': 1}) as e:\n"
    monkeypatch.setenv("PYTHONPATH", "src")
    make(text + "    e.register_result('v', helper.V)\n")
    Path("src/helper.py").write_text("V = 3\n")
    monkeypatch.setenv("PYTHONPATH", "other")
    done = mag("rerun", "1")

    assert (done.returncode, "v\t1\t1\tyes" in done.stdout) == (0, True), done.stderr
    assert git("status", "--porcelain", "src")
