"""Start-up is a feature: what is loaded by what."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"omegaconf", "git", "joblib", "rich", "asyncio", "numpy", "click", "yaml"}
SHOW = "import sys; print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"


def load(code: str, folder: Path | None = None) -> set[str]:
    """Return which of the heavy modules a fresh interpreter has after running some code."""
    code = f"{code}\n{SHOW}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    return HEAVY & set(done.stdout.splitlines()[-1].split())


def run(arguments: list[str], folder: Path) -> set[str]:
    """Return which of the heavy modules mag has loaded when a command is done."""
    return load(f"from mag.cli.program import run_program\nrun_program({arguments!r})", folder)


def test_importing_mag_loads_nothing() -> None:
    """`import mag` is next to nothing."""
    assert load("import mag") == set()


def test_help_loads_nothing(tmp_path: Path) -> None:
    """`mag --help` loads nothing but itself."""
    assert run(["--help"], tmp_path) == set()


@pytest.mark.parametrize("command", [["config"], ["config", "C=3", "--json"], ["sweep", "C=1,2", "--dry-run"]])
def test_planning_needs_neither_app_nor_engine(project: Path, command: list[str]) -> None:
    """Composing and planning read YAML, and load neither the user's app nor git, joblib, rich or omegaconf."""
    (project / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c): ...\nraise ValueError\n")

    assert run(command, project) <= {"click", "yaml"}


@pytest.mark.parametrize(
    ("command", "engine"), [(["run", "C=3"], set()), (["sweep", "C=1,2", "-j", "2"], {"joblib", "numpy"})]
)
def test_running_needs_only_the_engine(project: Path, command: list[str], engine: set[str]) -> None:
    """A sweep is handed out by joblib, which loads NumPy; a single run waits for neither, and neither for rich."""
    assert run(command, project) & {"joblib", "numpy", "rich"} == engine


@pytest.mark.parametrize("command", [["run", "C=3"], ["sweep", "C=3"]])
def test_an_experiment_carries_no_plan(project: Path, command: list[str]) -> None:
    """Its process holds nothing that plans are made of, and so no plan either, however many points that has."""
    (project / "train.py").write_text(
        "import sys\nimport mag\n@mag.main('configs')\ndef train(config):\n    print(*sys.modules)\n"
    )
    run(command, project)

    loaded = next((project / "experiments").glob("3*/log")).read_text().split()
    assert "mag.run.child" in loaded
    heavy = ("mag.plans.plan", "mag.config.composition.composer", "joblib", "numpy")
    assert not [name for name in loaded if name.startswith(heavy)]


@pytest.mark.parametrize("command", [["ls"], ["show", "1|0.5"], ["log", "1|0.5"], ["path", "1|0.5"], ["summarize"]])
def test_looking_loads_nothing_heavy(project: Path, command: list[str]) -> None:
    """Looking at experiments neither imports the app nor loads git, omegaconf, joblib or rich."""
    run(["run", "C=1"], project)
    (project / "train.py").write_text("raise ValueError\n")

    assert run(command, project) <= {"click", "yaml"}


def test_public_names() -> None:
    """Every public name can be had, is listed, and comes from where the map says."""
    import mag

    assert sorted(mag.__all__) == mag.__all__
    assert set(mag.__all__) <= set(dir(mag))
    assert all(getattr(mag, name).__module__ == mag._HOMES.get(name, "mag") for name in mag.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = mag.nothing_such
