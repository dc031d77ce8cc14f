"""Slurm, through its own commands: sbatch submits arrays of batches, squeue and sacct tell how they stand."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from mag.errors import LaunchError, UsageError
from mag.launch.engine import Standing, take_options, write_command

OPTIONS = {
    "partition": "",
    "time": "",
    "memory": "",
    "cpus": "1",
    "gpus": "",
    "account": "",
    "qos": "",
    "constraint": "",
    "exclude": "",
    "nodelist": "",
    "setup": "",
    "container": "",
    "extra": "",
    "grace": "60",
}
"""What may be said to Slurm, and what holds if nothing is; `setup` are lines of shell, `extra` more of sbatch."""
_FLAGS = {
    **{name: f"--{name}" for name in ("partition", "time", "account", "qos", "constraint", "exclude", "nodelist")},
    "memory": "--mem",
    "cpus": "--cpus-per-task",
    "gpus": "--gpus-per-task",
    "container": "--container",
}
_QUEUED = {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD", "CONFIGURING"}
_RUNNING = {"RUNNING", "COMPLETING", "STAGE_OUT", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"}
_CAUSES = {
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "PREEMPTED": "preempted",
    "OUT_OF_MEMORY": "oom",
    "NODE_FAIL": "node failure",
    "BOOT_FAIL": "node failure",
    "LAUNCH_FAILED": "node failure",
    "CANCELLED": "cancelled",
}
_Item = TypeVar("_Item")
_MOST = 1000  # of an array, where Slurm does not say
_ASKED = 500  # jobs in one question


class Slurm:
    """An engine whose batches are tasks of job arrays."""

    limits = True

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = take_options(options, OPTIONS, "slurm")
        if shutil.which("sbatch") is None:
            raise LaunchError(
                "Slurm is not here: there is no command sbatch. Type this on a login node, or leave --launcher out."
            )
        self._largest: int | None = None
        self._has_accounting = True

    def submit(self, folder: Path, numbers: Sequence[int], *, most: int | None = None) -> dict[int, str]:
        """Submit arrays, none larger than Slurm allows; each counts from 0, since it is the index that Slurm limits."""
        handles: dict[int, str] = {}
        for part in _split(numbers, self._read_largest()):
            script = self._write_script(folder, part)
            limit = f"%{most}" if most else ""
            words = ["sbatch", "--parsable", f"--array=0-{len(part) - 1}{limit}", *self._list_flags(folder)]
            try:
                answer = _run([*words], script)
            except LaunchError as error:
                taken = f"; {len(handles)} of {len(numbers)} batches were taken, and will run" if handles else ""
                raise LaunchError(f"{error}{taken}. Type the same command again when that is mended.") from error
            job = answer.strip().partition(";")[0]
            handles |= {number: f"{job}_{index}" for index, number in enumerate(part)}
        return handles

    def _list_flags(self, folder: Path) -> list[str]:
        flags = [f"{flag}={self._options[name]}" for name, flag in _FLAGS.items() if self._options[name]]
        extra = [line for line in self._options["extra"].splitlines() if line]
        logs = f"{folder}/slurm-%A_%a.log"  # which Slurm makes only in a folder that is there
        common = ["--job-name=mag", "--requeue", "--open-mode=append", f"--output={logs}", "--export=ALL"]
        return [*common, f"--signal=B:TERM@{_choose_grace(self._options)}", *flags, *extra]

    def _write_script(self, folder: Path, numbers: Sequence[int]) -> str:
        """Return the script of an array: it becomes the program that runs the batch, so that signals reach that."""
        lines = ["#!/bin/sh", *self._options["setup"].splitlines(), f"set -- {' '.join(map(str, numbers))}"]
        command = write_command(folder, '"$1"')
        log = f"{shlex.quote(str(folder))}/$1.log"
        lines += ['shift "$SLURM_ARRAY_TASK_ID"', f"exec {command} >>{log} 2>&1"]
        return "\n".join(lines) + "\n"

    def _read_largest(self) -> int:
        """Return how many tasks an array may have."""
        if self._largest is None:
            found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _run(["scontrol", "show", "config"]), re.MULTILINE)
            self._largest = max(1, int(found[1]) - 1) if found else _MOST
        return self._largest

    def poll(self, handles: Collection[str]) -> Mapping[str, Standing]:
        """Ask squeue, which knows what is not over, and accounting for the others, where there is some."""
        known: dict[str, Standing] = {}
        jobs = sorted({handle.partition("_")[0] for handle in handles})
        wanted = set(handles)
        for part in _split(jobs, _ASKED):
            known |= {handle: standing for handle, standing in self._ask_queue(part) if handle in wanted}
        gone = sorted({handle.partition("_")[0] for handle in wanted - known.keys()})
        for part in _split(gone, _ASKED):
            told = self._ask_accounting(part) if self._has_accounting else ()
            known |= {handle: standing for handle, standing in told if handle in wanted and handle not in known}
        return known

    def _ask_queue(self, jobs: Sequence[str]) -> Iterator[tuple[str, Standing]]:
        words = ["squeue", "--noheader", "--array", "--states=all", "--format=%F_%K|%T|%r", f"--jobs={','.join(jobs)}"]
        try:
            lines = _run(words).splitlines()
        except LaunchError as error:
            if "Invalid job id" not in str(error):
                raise
            return  # it forgets what has been over for some minutes
        for line in lines:
            handle, state, reason = line.strip().split("|", 2)
            yield handle, _describe(state, reason)

    def _ask_accounting(self, jobs: Sequence[str]) -> Iterator[tuple[str, Standing]]:
        words = ["sacct", "--noheader", "--parsable2", "--allocations", "--array", "--format=JobID,State"]
        try:
            lines = _run([*words, f"--jobs={','.join(jobs)}"]).splitlines()
        except LaunchError:
            self._has_accounting = False
            return
        for line in lines:
            handle, state = line.split("|", 1)
            if handle and state:
                yield handle, _describe(state, "")

    def cancel(self, handles: Collection[str], *, at_once: bool = False) -> None:
        """Have queued batches not started, and running ones sent a signal."""
        standings = self.poll(handles)
        queued = [handle for handle, standing in standings.items() if standing.phase == "queued"]
        running = [handle for handle, standing in standings.items() if standing.phase == "running"]
        for part in _split(queued, _ASKED):
            _run(["scancel", "--quiet", *part])
        for part in _split(running, _ASKED):
            how = ["--signal=KILL", "--full"] if at_once else ["--signal=TERM", "--batch"]
            _run(["scancel", "--quiet", *how, *part])

    def close(self) -> None:
        """Nothing is open."""


def _split(items: Collection[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    """Yield the items in parts of that size (`itertools.batched` is younger than the oldest Python here)."""
    rest = iter(items)
    while part := tuple(islice(rest, size)):
        yield part


def _choose_grace(options: Mapping[str, str]) -> int:
    """Return how many seconds before its limit a job is asked to end: a tenth of a short limit, which is all it has.

    Raises:
        UsageError: It is no number.

    >>> _choose_grace({"grace": "60", "time": "5"}), _choose_grace({"grace": "60", "time": "1-0"})
    (30, 60)
    """
    if not options["grace"].isdecimal():
        raise UsageError(f"grace={options['grace']} is no number of seconds: write -o grace=60, for example.")
    grace, limit = int(options["grace"]), options["time"]
    if not re.fullmatch(r"(\d+-)?\d+(:\d+){0,2}", limit):
        return grace
    days, dash, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if dash:
        seconds = int(days) * 86400 + sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    else:
        units = {1: (60,), 2: (60, 1), 3: (3600, 60, 1)}[len(parts)]
        seconds = sum(part * unit for part, unit in zip(parts, units, strict=True))
    return max(1, min(grace, seconds // 10))


def _describe(state: str, reason: str) -> Standing:
    word = state.split(" ", maxsplit=1)[0].rstrip("+")
    if word in _QUEUED:
        return Standing("queued", said=f"Slurm: {state} ({reason})" if reason not in {"", "None"} else None)
    if word in _RUNNING:
        return Standing("running")
    cause = _CAUSES.get(word)
    return Standing("over", cause, f"Slurm ended its job: {state}" if cause else None)


def _run(words: Sequence[str], text: str = "") -> str:
    """Return what a command of Slurm's prints; of an outer job it is told nothing.

    Raises:
        LaunchError: It failed; in its own words.
    """
    kept = {"SLURM_CONF"}
    theirs = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_")
    own = {name: value for name, value in os.environ.items() if name in kept or not name.startswith(theirs)}
    try:
        done = subprocess.run(words, input=text, env=own, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LaunchError(f"{words[0]} cannot be run: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise LaunchError(f"{words[0]}: {said.removeprefix(f'{words[0]}: ')}")
    return done.stdout
