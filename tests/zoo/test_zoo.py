"""The zoo: apps of many habits are forked where that is safe, spawned where it is not, and none hangs.

`pytest -m zoo` looks at all of them in all ways in which experiments are started; what is not installed is skipped.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mag.record.records import Record

Read = Callable[[str], Record]
ANIMALS: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "animals.yaml").read_text())
APP = """\
import mag
{top}
@mag.main
def train(config):
    import sys
    method = "spawn" if any("mag.run.spawning" in word for word in sys.orig_argv) else "fork"
    return {{"right": bool({body}), "method": method}}
if __name__ == "__main__":
    {call}
"""
WAYS = {
    "run": (["-m", "mag", "run", "+i=1"], "train()"),
    "sweep": (["-m", "mag", "sweep", "+i=1,2", "-j", "2"], "train()"),
    "script": (["train.py", "-m", "+i=1,2", "-j", "2"], "train()"),
    "program": (["train.py"], "mag.sweep(train, ['+i=1,2'], jobs=2)"),
}


def list_visits() -> Iterator[Any]:
    """Yield each animal with each way; what takes long or needs much is marked."""
    for name, animal in ANIMALS.items():
        for way in WAYS:
            by_hand = way != "sweep" or "needs" in animal or animal.get("slow")
            yield pytest.param(name, way, marks=[pytest.mark.zoo] if by_hand else [], id=f"{name}-{way}")


@pytest.mark.parametrize(("name", "way"), list(list_visits()))
def test_each_is_started_as_it_has_to_be(name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It completes, with the right result, in a fork or in a fresh interpreter: neither a hang nor a needless spawn."""
    animal = ANIMALS[name]
    if missing := [module for module in animal.get("needs", ()) if importlib.util.find_spec(module) is None]:
        pytest.skip(f"{', '.join(missing)} is not installed")
    monkeypatch.chdir(tmp_path)
    command, call = WAYS[way]
    Path("train.py").write_text(APP.format(top=animal.get("top", ""), body=animal.get("body", "True"), call=call))
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "2"},  # as on a machine with more cores
    )
    results = [json.loads(path.read_text()) for path in sorted(Path("experiments").glob("*/results.json"))]

    assert done.returncode == 0, done.stderr
    assert results == [{"right": True, "method": animal["method"]}] * (1 if way == "run" else 2), done.stderr
    assert ("spawned" in done.stderr) == (animal["method"] == "spawn")


DRIVER = """
static int ready;
int cuInit(unsigned flags) { ready = 1; return 0; }
int cuDeviceGetCount(int *count) { return ready ? 0 : 3; }
"""


@pytest.mark.parametrize(("call", "method"), [("cuda.cuInit(0)", "spawn"), ("None", "fork")])
def test_cuda_that_is_initialized_at_import(
    call: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    """CUDA works in no fork of a process that has initialized it; a driver that is only loaded is no obstacle."""
    monkeypatch.chdir(tmp_path)
    Path("driver.c").write_text(DRIVER)
    try:
        subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", "libcuda.so.1", "driver.c"], check=True)
    except FileNotFoundError:
        pytest.skip("no C compiler to make a driver of")
    top = f"import ctypes\ncuda = ctypes.CDLL('libcuda.so.1')\n{call}"
    Path("train.py").write_text(APP.format(top=top, body="True", call="train()"))
    subprocess.run(
        [sys.executable, "-m", "mag", "run", "+i=1"], check=True, env=os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}
    )

    assert read("1").results["method"] == method
