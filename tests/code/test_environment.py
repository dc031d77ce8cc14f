"""Laws of the record of the environment."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mag.code.environment import REPLAYED, VARIABLES, gather_environment
from mag.record.paths import StorePaths
from mag.record.provenance import read_environment, store_environment


def test_it_is_stored_once(tmp_path: Path) -> None:
    """Equal environments are one file, named by its digest, and read back as they were."""
    store, environment = StorePaths(str(tmp_path)), gather_environment(tmp_path)
    store_environment(store, environment)
    store_environment(store, gather_environment(tmp_path))

    (path,) = (tmp_path / ".mag" / "environments").iterdir()
    assert path.name == f"{environment.digest}.json"
    assert read_environment(store, environment.digest) == {"version": 1, **environment.content}


def test_the_machine_is_described(tmp_path: Path) -> None:
    """Python, platform, processor and devices are told, whatever the machine is."""
    content = gather_environment(tmp_path).content

    assert all(content[name] for name in ("python", "executable", "platform"))
    assert content["cpu"]["model"]
    assert content["cpu"]["count"] == os.cpu_count()
    assert all(isinstance(name, str) for name in content["gpus"])


def test_distributions_have_their_versions(tmp_path: Path) -> None:
    """What is installed is listed with its version."""
    listed = gather_environment(tmp_path).content["distributions"]

    assert listed["gitpython"] == importlib.metadata.version("GitPython")
    assert listed["omegaconf"] == importlib.metadata.version("omegaconf")


def test_lock_files_have_digests(tmp_path: Path) -> None:
    """Another lock file is another environment."""
    before = gather_environment(tmp_path).digest
    (tmp_path / "uv.lock").write_text("version = 1\n")

    assert list(gather_environment(tmp_path).content["locks"]) == ["uv.lock"]
    assert gather_environment(tmp_path).digest != before


def test_only_listed_variables_are_kept() -> None:
    """No other variable is recorded, whatever it holds; what is replayed is recorded."""
    found = gather_environment(None, {"MY_TOKEN": "hunter2", "OMP_NUM_THREADS": "2", "TZ": "UTC"})

    assert found.variables == {"OMP_NUM_THREADS": "2", "TZ": "UTC"}
    assert "hunter2" not in json.dumps(found.content)
    assert set(REPLAYED) < set(VARIABLES)


@pytest.mark.parametrize(("value", "seed"), [("0", 0), ("7", 7), ("random", None), (None, None)])
def test_hash_seed_is_the_interpreters(value: str | None, seed: int | None) -> None:
    """What is recorded is the seed that the interpreter runs with."""
    code = "from mag.code.environment import read_hash_seed; print(read_hash_seed())"
    clean = {name: text for name, text in os.environ.items() if name != "PYTHONHASHSEED"}
    clean |= {} if value is None else {"PYTHONHASHSEED": value}

    assert subprocess.check_output([sys.executable, "-c", code], env=clean, text=True) == f"{seed}\n"


@pytest.mark.parametrize("digest", ["../../x", "", "0123"])
def test_a_digest_that_leads_nowhere(digest: str, tmp_path: Path) -> None:
    """What is not there, or is no digest, is nothing."""
    assert read_environment(StorePaths(str(tmp_path)), digest) is None
