"""Laws of sweeps from a notebook: a real Jupyter kernel runs the cells, over sockets in the file system."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mag.record.store import Store

NOTEBOOK = """\
import json, os, sys, threading, time
from jupyter_client.manager import KernelManager

def press_stop_once_there_is(path):
    while not (os.path.exists(path) and os.path.getsize(path)):
        time.sleep(0.02)
    manager.interrupt_kernel()

def run_cell(code, shown):
    def take(message):
        content = message["content"]
        found = {"stream": "text", "error": "evalue"}.get(message["msg_type"])
        shown.append(content[found] if found else content.get("data", {}).get("text/plain", ""))
    client.execute_interactive(code, timeout=60, output_hook=take, allow_stdin=False)
    return "".join(shown)

manager = KernelManager(transport="ipc", ip="socket")
manager.kernel_spec.argv[0] = sys.executable
manager.start_kernel(stdout=2)
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    shown = []
    for cell in sys.argv[2:]:
        if "# stop" in cell:
            threading.Thread(target=press_stop_once_there_is, args=[sys.argv[1]], daemon=True).start()
        shown.append(run_cell(cell, []))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(shown))
"""
FIRST = """\
import mag, os, time
kernel = os.getpid()
def train(config):
    print("C is", config.C, flush=True)
    if config.C == 2:
        raise ValueError("bad C")
    time.sleep(60 if config.C == 9 else 0)
    return {"score": config.C, "here": os.getpid() == kernel}
"""


def run_cells(*cells: str) -> list[str]:
    """Run cells in a new kernel, and return what each shows; one that says `# stop` is stopped while 9 runs."""
    environment = os.environ | {"JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": os.path.abspath("ipython")}
    command = [sys.executable, "-c", NOTEBOOK, "experiments/9/log", FIRST, *cells]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90, env=environment)
    assert done.returncode == 0, done.stderr
    return list(map(str, json.loads(done.stdout)))[1:]


@pytest.mark.usefixtures("project")
def test_a_function_of_a_cell() -> None:
    """It is run in processes of its own, what it prints is in its log, and a failure costs itself."""
    shown = run_cells("mag.sweep(train, ['+C=1,2,3']).exit_code", "mag.sweep(train, ['+C=1,3']).exit_code")

    assert [each.splitlines()[-1] for each in shown] == ["1", "0"]
    assert {one.name: one.status for one in Store()} == {"1": "completed", "2": "failed", "3": "completed"}
    assert Store().find("experiments/1").results == {"score": 1, "here": False}
    assert Path("experiments", "1", "log").read_text() == "C is 1\n"


@pytest.mark.usefixtures("project")
def test_a_function_that_was_changed() -> None:
    """What its name means now is run, with what the cells have made since."""
    changed = "factor = 7\ndef train(config): return config.C * factor"

    again = "mag.sweep(train, ['+C=1,3']).results['3']"
    shown = run_cells("mag.sweep(train, ['+C=1'])", changed, again)
    assert "{'result': 21}" in shown[2]
    assert "1 of the 1 done already ran another train: force=True runs them again" in shown[2]


@pytest.mark.usefixtures("project")
def test_in_the_kernel() -> None:
    """With n_jobs=1 it is run in the kernel, and what it prints is shown below the cell."""
    (shown,) = run_cells("mag.sweep(train, ['+C=1'], n_jobs=1).last.results")
    assert shown.endswith("C is 1\n{'score': 1, 'here': True}")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("where", ["jobs=2", "n_jobs=1"])
def test_the_stop_button(where: str) -> None:
    """It ends the sweep and raises; what ran is recorded as interrupted, what did not is not; the kernel goes on."""
    stopped = f"try: mag.sweep(train, ['+C=9,10'], {where})  # stop\nexcept KeyboardInterrupt: print('raised')"

    shown = run_cells(stopped, "mag.sweep(train, ['+C=3']).exit_code")
    assert "raised" in shown[0].splitlines()
    assert shown[1].splitlines()[-1] == "0"
    assert Store().find("experiments/9").status == "interrupted"
