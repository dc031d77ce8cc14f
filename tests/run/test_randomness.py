"""Laws of random states: every experiment begins with its own, but for those that the app's import has made."""

import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from types import ModuleType

import numpy as np
import pytest

from mag.record.records import Record
from mag.run.generators import GENERATORS, find_names
from mag.run.randomness import RandomStates, describe_kept

Mag = Callable[..., CompletedProcess[str]]
Git = Callable[..., str]
Read = Callable[[str], Record]
DRAW = "random.random(), float(np.random.rand())"
APP = f"""\
import random
import mag
import numpy as np
TOP
@mag.main("configs")
def train(config):
    return [{DRAW}]
if __name__ == "__main__":
    train()
"""


def draw() -> tuple[float, float]:
    """Return what the generators of `random` and NumPy give next."""
    return random.random(), float(np.random.rand())


def run_python(code: str) -> list[str]:
    """Run code in a fresh interpreter and return the lines that it printed."""
    return subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()


def test_no_two_attempts_begin_alike() -> None:
    """A thousand attempts draw a thousand different numbers, NumPy's others than those of `random`."""
    states, drawn = RandomStates(1), list[float]()
    for _ in range(1000):
        with states.lend(states.describe()["seed"]):
            drawn += draw()

    assert len(set(drawn)) == 2000


def test_a_seed_is_replayed_and_the_caller_left_as_it_was() -> None:
    """The same seed gives the same draws, however often, and the program goes on where it was."""
    random.seed(5)
    np.random.seed(5)
    expected = draw(), draw()
    random.seed(5)
    np.random.seed(5)
    first, again = draw(), []
    for _ in range(2):
        with RandomStates(1).lend(7):
            again.append(draw())

    assert again[0] == again[1]
    assert (first, draw()) == expected


@pytest.mark.parametrize("seed", [0, None])
def test_what_an_import_has_seeded_is_kept(seed: int | None) -> None:
    """A generator that was seeded is as it was then; the others have the seed, though the import drew from them."""
    states = RandomStates(1)
    with states.watch_import():
        np.random.seed(seed)
        draw()
    drawn = []
    for number in (2, 3):
        with states.lend(number):
            drawn.append(draw())

    assert states.kept == ["numpy"]
    assert drawn[0][1] == drawn[1][1]
    assert drawn[0][0] != drawn[1][0]


@pytest.mark.parametrize("count", [1, 623, 624, 625, 10_000])
def test_draws_are_no_seed(count: int) -> None:
    """However many numbers an import draws, within reason, they are none; a seed shows under them."""
    states = RandomStates(1)
    with states.watch_import():
        random.getrandbits(32 * count)
    assert "random" not in states.kept
    with states.watch_import():
        random.seed(0)
        random.getrandbits(32 * count)
    assert "random" in states.kept


def test_draws_of_libraries_are_no_seeds() -> None:
    """What imports of scikit-learn draw from `random`, and any from NumPy, is no reason for all to begin alike."""
    code = (
        "from mag.run.randomness import RandomStates\nstates = RandomStates(1)\nwith states.watch_import():\n"
        "    import sklearn.datasets, numpy as np\n    np.random.rand(2000); np.random.randn()\nprint(states.kept)"
    )

    assert run_python(code) == ["[]"]


def test_imports_are_replayed() -> None:
    """What an unseeded app draws at import is the same for the same seed of the import."""
    drawn = []
    for _ in range(2):
        with RandomStates(4).watch_import():
            drawn.append(draw())

    assert drawn[0] == drawn[1]


def test_a_library_that_is_loaded_late_has_the_seed() -> None:
    """NumPy that a function imports is seeded by that; in a fork, which may be one of many workers, it is not."""
    code = (
        "import os, sys\nfrom mag.run.randomness import RandomStates\nRandomStates(1).begin(2)\n"
        "assert 'numpy' not in sys.modules\nif {fork} and (pid := os.fork()): os.waitpid(pid, 0)\n"
        "import numpy as np\nprint(np.random.rand(), type(np.random.__loader__).__name__)"
    )
    first, again = run_python(code.format(fork=False)), run_python(code.format(fork=True))

    assert first[0].endswith(" SourceFileLoader")
    assert again.count(first[0]) == 1
    assert len(set(again)) == 2


def test_seeds_of_the_program() -> None:
    """What was seeded before mag is asked is told from what was drawn."""
    code = (
        "import random, mag\nimport numpy as np\nfrom mag.run.randomness import read_own_states\n"
        "def tell(): print(*read_own_states())\n"
        "np.random.rand(), random.random(); tell()\nnp.random.seed(0); tell()\nrandom.seed(0), random.random(); tell()"
    )

    assert run_python(code) == ["", "numpy.random", "random numpy.random"]


def test_stand_ins_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that is another's by name, or raises when it is asked for something, is not asked."""

    class Trap(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    for stand_in in (Trap("torch"), object(), None):
        monkeypatch.setitem(sys.modules, "torch", stand_in)
        assert find_names(GENERATORS["torch"]) is None


def test_an_unseeded_app_repeats(project: Path, mag: Mag, git: Git, read: Read) -> None:
    """Experiments and attempts differ, and a rerun gives the same draws again."""
    (project / "train.py").write_text(APP.replace("TOP", "SPLIT = np.random.permutation(5)"))
    git("init", "-q")
    git("add", "train.py", "configs")
    git("commit", "-qm", "a")
    mag("sweep", "C=1,2")
    first = read("1|0.5")
    done = mag("run", "C=1", "--force")

    assert len({str(each.results) for each in (first, read("1|0.5"), read("2|0.5"))}) == 3
    assert (done.returncode, read("1|0.5").random["kept"]) == (0, [])
    assert "agree exactly" in mag("rerun", "1|0.5").stderr


@pytest.mark.parametrize("command", [["-m", "mag", "run"], ["train.py"], ["-m", "mag", "run", "--debug"]])
def test_seeds_at_the_top_hold(project: Path, read: Read, command: list[str]) -> None:
    """What an app seeds when it is imported holds, however it is started."""
    (project / "train.py").write_text(APP.replace("TOP", "random.seed(1)\nnp.random.seed(2)"))
    done = subprocess.run([sys.executable, *command, "C=3"], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    expected = [random.Random(1).random(), float(np.random.RandomState(2).rand())]
    assert read("3|0.5").results == {"result": expected}
    assert b"train.py seeds random, numpy when it is imported" in done.stderr


def test_a_program_keeps_what_it_seeded(tmp_path: Path) -> None:
    """Of `mag.sweep` in a script the same holds; and the script's own draws go on."""
    script = tmp_path / "script.py"
    script.write_text(
        f"import random, json\nimport mag\nimport numpy as np\nnp.random.seed(3)\nrandom.seed(4)\n"
        f"r = mag.sweep(lambda config: [{DRAW}], ['+a=1'])\nprint(json.dumps([r.last.results, {DRAW}]))"
    )
    told = subprocess.check_output([sys.executable, script], text=True, cwd=tmp_path)
    results, *own = json.loads(told)

    assert own == [random.Random(4).random(), float(np.random.RandomState(3).rand())]
    assert results == {"result": own}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_torch(project: Path, read: Read, mag: Mag) -> None:
    """Without a seed the draws of torch differ, wherever it is imported; with one at the top they are the same."""
    code = (
        "import mag\n{top}\n@mag.main('configs')\ndef train(config):\n    import torch\n    return torch.rand(1).item()"
    )
    for top, count in (("import torch", 2), ("", 2), ("import torch; torch.manual_seed(1)", 1)):
        (project / "train.py").write_text(code.format(top=top))
        mag("sweep", "C=1,2", "--force", OMP_NUM_THREADS="1")
        assert len({read(name).results["result"] for name in ("1|0.5", "2|0.5")}) == count


def test_the_line_tells_whose_draws_repeat() -> None:
    """It names the file and the libraries."""
    line = describe_kept(["random", "numpy"], "train.py:train")

    assert line.startswith("train.py seeds random, numpy when it is imported: all experiments")
    assert os.linesep not in line
