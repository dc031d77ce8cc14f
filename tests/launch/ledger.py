"""An app whose experiments keep a ledger, and what tests of engines ask of it."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Mag = Callable[..., subprocess.CompletedProcess[str]]
APP = """\
import os, time
import mag

@mag.main
def train(config, experiment):
    note = lambda word: os.write(ledger, f"{word} {config.x} {experiment.attempt}\\n".encode())
    ledger = os.open(experiment.directory / "../../ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    note("start")
    if config.x == 3:
        raise ValueError("three")
    if config.x == 4:
        os.kill(os.getpid(), 9)
    saved = experiment.directory / "saved"
    done = int(saved.read_text()) if saved.exists() else 0
    while done < config.get("steps", 0):
        time.sleep(0.1)
        done += 1
        saved.write_text(str(done))
    note("end")
    return {"score": config.x}
"""


def start(*words: str) -> "subprocess.Popen[str]":
    """Start mag and go on."""
    null = subprocess.DEVNULL
    command = [sys.executable, "-m", "mag", *words]
    return subprocess.Popen(command, stdout=null, stderr=null, text=True, start_new_session=True)


def read_ledger(word: str) -> Counter[int]:
    """Return how often each experiment has noted a word."""
    lines = Path("ledger").read_text().splitlines() if Path("ledger").exists() else []
    return Counter(int(line.split()[1]) for line in lines if line.startswith(word))


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def list_statuses(mag: Mag) -> dict[str, str]:
    """Return the status of every experiment by name."""
    return {one["name"]: one["status"] for one in json.loads(mag("ls", "--json").stdout)}
