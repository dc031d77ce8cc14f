"""The arena: a project whose experiments keep a ledger of their own, and the judge that reads it.

The ledger is the witness: each line is one `os.write` on a file opened with `O_APPEND`, outside the store. Besides,
each experiment holds a kernel lock of its own for as long as it lives; one that finds it taken writes `twice`.
"""

import dataclasses
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mag.disk.files import read_object
from mag.record.store import Store, StoredExperiment

FULL = os.environ.get("MAG_TORTURE") == "full"
"""Whether the numbers are those for a night, not those for every change."""

APP = """\
import fcntl, os, random, subprocess, time
import mag

HOME = os.path.dirname(os.path.abspath(__file__))

def note(i, event):
    with open("/proc/self/stat") as file:
        started = file.read().rsplit(")", 1)[1].split()[19]
    ledger = os.open(HOME + "/ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(ledger, f"{i} {os.getpid()} {started} {event}\\n".encode())
    os.close(ledger)

def trace(role):
    # let strace spoil the system calls of this process from here on, and of those it forks
    if os.environ.get("TRACE_ROLE") == role:
        subprocess.Popen([*os.environ["TRACE"].split(), "-p", str(os.getpid())], start_new_session=True)
        while "TracerPid:\\t0" in open("/proc/self/status").read():
            time.sleep(0.005)

trace("supervisor")

@mag.main()
def train(config, experiment):
    alive = os.open(f"{HOME}/alive/{config.i}", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note(config.i, "twice")
    note(config.i, "start")
    trace("child")
    print("this is", config.i)
    experiment.log_metrics(i=config.i)
    experiment.register_result("early", config.i)
    if os.environ.get("FAIL"):
        raise ValueError("told to")
    time.sleep(random.random() * 2 * float(os.environ.get("SECONDS_EACH", "0.01")))
    note(config.i, "end")
    return {"pid": os.getpid(), "i": config.i}
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger.

    Attributes:
        number: Which experiment wrote it.
        pid: Its process.
        started: When that process began, in ticks since the machine did.
        event: `start`, `end` or `twice`.
    """

    number: int
    pid: int
    started: str
    event: str


class Arena:
    """A project in a folder of its own.

    Args:
        home: The folder.
        store: Where experiments are kept; `experiments` in the folder if None.
    """

    def __init__(self, home: Path, store: Path | None = None) -> None:
        self.home = home
        self.store = store or home / "experiments"
        (home / "alive").mkdir()
        (home / "train.py").write_text(APP)

    def begin(
        self, *arguments: str, seconds: float = 0.01, before: tuple[str, ...] = (), **environment: str
    ) -> "subprocess.Popen[bytes]":
        """Start mag, with its words going to the file `words`."""
        environment = os.environ | {"SECONDS_EACH": str(seconds)} | environment
        with (self.home / "words").open("ab") as words:
            command = [*before, sys.executable, "-m", "mag", *arguments, "--dir", str(self.store)]
            return subprocess.Popen(
                command, cwd=self.home, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=environment
            )

    def run(self, *arguments: str, seconds: float = 0.01, before: tuple[str, ...] = (), **environment: str) -> int:
        """Run mag to its end, and return the exit status."""
        with self.begin(*arguments, seconds=seconds, before=before, **environment) as process:
            return process.wait()

    def read_words(self) -> str:
        """Return what mag has said so far."""
        path = self.home / "words"
        return path.read_text(errors="replace") if path.exists() else ""

    def read_ledger(self) -> list[Entry]:
        """Return the ledger."""
        path = self.home / "ledger"
        rows = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
        return [Entry(int(number), int(pid), started, event) for number, pid, started, event in rows]

    def count(self, event: str) -> Counter[int]:
        """Return how often each experiment noted that event."""
        return Counter(entry.number for entry in self.read_ledger() if entry.event == event)

    def list_alive(self) -> list[Entry]:
        """Return who has started, not ended, and still is the process that it was."""
        open_entries: dict[int, Entry] = {}
        for entry in self.read_ledger():
            if entry.event == "start":
                open_entries[entry.pid] = entry
            elif entry.event == "end":
                open_entries.pop(entry.pid, None)
        return [entry for entry in open_entries.values() if read_start(entry.pid) == entry.started]

    def read_store(self) -> dict[int, StoredExperiment]:
        """Return the experiments by number; fails if one of them cannot be read."""
        found = list(Store(self.store))
        assert [e.problem for e in found if e.status == "corrupt"] == []
        return {e.config["i"]: e for e in found}

    def list_temporaries(self) -> list[Path]:
        """Return what was left of files that were being written."""
        return [path for path in self.store.rglob("*") if path.name.endswith(".tmp")]

    def settle(self) -> None:
        """Wait until no experiment lives."""
        while self.list_alive():
            time.sleep(0.05)

    def judge(self, count: int, *, exact: bool = True) -> None:
        """Check the store against the ledger once a sweep of `count` experiments is over, and the numbers of attempts.

        An attempt that was killed before its function was called counts, but has no line: then it is not `exact`.
        """
        stored = self.judge_results(count)
        attempts = {number: e.record.attempt for number, e in stored.items() if e.record}
        starts = self.count("start")
        assert attempts == dict(starts) or (not exact and all(attempts[i] >= starts[i] for i in attempts))

    def judge_results(self, count: int) -> dict[int, StoredExperiment]:
        """Check the store against the ledger once a sweep of `count` experiments is over, and return what is stored.

        All are complete, with the results of one attempt that ended, and the same in their copy for people; none ran
        beside itself; nothing is left over.
        """
        ended = {(entry.number, entry.pid) for entry in self.read_ledger() if entry.event == "end"}
        stored = self.read_store()
        assert sorted(stored) == list(range(count))
        assert {e.status for e in stored.values()} == {"completed"}
        assert {(number, e.results["pid"]) for number, e in stored.items()} <= ended
        assert {i: read_object(e.paths.results) for i, e in stored.items()} == {i: e.results for i, e in stored.items()}
        assert self.count("twice") == {}
        assert self.list_temporaries() == []
        return stored


def read_start(pid: int) -> str | None:
    """Return when a process began; None if it is gone or a zombie."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if words[0] in {"Z", "X"} else words[19]


def list_children(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started and that still are its children."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = (path / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if int(parent) == pid:
                yield int(path.name)
