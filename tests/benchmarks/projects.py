"""What the benchmarks run: where mag, Hydra and Python are, and projects with an app that does nothing."""

import compileall
import dataclasses
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.timing import Case, Sample, measure_in_turn, measure_inside

ROOT = Path(__file__).resolve().parents[2]

NO_HYDRA = "(not run: no --hydra)"

HEAVY = "import numpy\nimport scipy.stats\nimport sklearn\n"
"""Imports that a numerical experiment begins with."""

_MAG_APP = """\
{imports}
import mag


@mag.main(config_path="configs", config_name="{name}")
def train(config):
    pass
"""

_HYDRA_APP = """\
import hydra


@hydra.main(config_path="configs", config_name="{name}", version_base="1.3")
def train(config):
    pass


if __name__ == "__main__":
    train()
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Bench:
    """What there is to measure with.

    Attributes:
        folder: A temporary folder; it is removed when all is measured, since file systems are slow for minutes
            after many deletions.
        hydra: A Python that can import hydra-core and its joblib launcher; None if there is none.
        rounds: How often each case is run at most.
        seconds: For how long a benchmark may begin new rounds.
    """

    folder: Path
    hydra: Path | None
    rounds: int
    seconds: float

    def install(self) -> None:
        """Copy the package into the folder, and compile it as an installer does.

        In a checkout it may stand uncompiled (PYTHONDONTWRITEBYTECODE), and may be edited meanwhile.
        """
        shutil.copytree(ROOT / "mag", self._package / "mag", ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(self._package, quiet=1)

    @property
    def _package(self) -> Path:
        return self.folder / "package"

    def measure(self, cases: Sequence[Case], *, rounds: int | None = None) -> dict[str, list[Sample]]:
        """Run the cases in turn, with the copy of mag, and return their samples by name."""
        return measure_in_turn(cases, environment=self.environment, rounds=rounds or self.rounds, seconds=self.seconds)

    def measure_inside(self, cases: Sequence[Case]) -> dict[str, list[Sample]]:
        """Run the cases in turn, and return the samples that they print themselves, by name."""
        return measure_inside(cases, environment=self.environment, rounds=self.rounds, seconds=self.seconds)

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which the copy of mag is run."""
        return {"PYTHONPATH": str(self._package)}

    @property
    def mag(self) -> list[str]:
        """The command `mag` as it is installed beside this Python, or else as a module."""
        script = Path(sys.executable).with_name("mag")
        return [str(script)] if script.exists() else [sys.executable, "-m", "mag"]

    def make_project(self, name: str, *, imports: str = "", configs: Path | None = None) -> Path:
        """Write a folder with an app for mag (`train.py`) and one for Hydra (`peer.py`), and return it.

        Args:
            name: The folder's name.
            imports: What mag's app imports.
            configs: A config tree to copy, its primary config being `iris`; else one value `x` in `config`.
        """
        project = self.folder / name
        project.mkdir()
        primary = "config" if configs is None else "iris"
        if configs is None:
            (project / "configs").mkdir()
            (project / "configs" / "config.yaml").write_text("x: 0\n")
        else:
            shutil.copytree(configs, project / "configs")
        (project / "train.py").write_text(_MAG_APP.format(imports=imports, name=primary))
        (project / "peer.py").write_text(_HYDRA_APP.format(name=primary))
        return project
