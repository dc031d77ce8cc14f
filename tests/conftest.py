"""What tests of several folders share: a project in a folder of its own, and mag run in it as a user would."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from mag.record.paths import StorePaths
from mag.record.records import Record, read_record

settings.register_profile("mag", deadline=None)  # a slow machine is no failure
settings.load_profile("mag")
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # the projects of tests ignore no files, and `__pycache__` would be one
sys.dont_write_bytecode = True
os.environ["MAG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="mag-tests-")  # GPUs are given away to no other tests
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts with & ignore it

APP = """\
import mag

@mag.main(config_path="configs", config_name="config")
def train(config):
    print("C is", config.C)
    return {"score": config.C * config.gamma}

if __name__ == "__main__":
    train()
"""

Mag = Callable[..., subprocess.CompletedProcess[str]]
Git = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an app and its config, which is the current one."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "config.yaml").write_text("C: 1\ngamma: 0.5\n_seed: 0\n")
    (tmp_path / "train.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mag() -> Mag:
    """Return a function that runs mag in the current directory, through pipes, and returns what came of it."""

    def run_mag(*arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mag", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
            env=os.environ | environment,
        )

    return run_mag


@pytest.fixture
def read() -> Callable[[str], Record]:
    """Return a function that reads the record of the experiment of that name in the current directory."""

    def read_one(name: str) -> Record:
        return read_record(StorePaths("experiments").experiment(name))

    return read_one


@pytest.fixture
def git() -> Git:
    """Return a function that runs git in the current directory, without the user's own settings."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_SYSTEM": os.devnull}

    def run_git(*arguments: str, folder: Path | None = None, check: bool = True) -> str:
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, env=os.environ | who)
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    return run_git
