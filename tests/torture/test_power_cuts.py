"""Laws of power cuts, each of them a copy of a disk in use; `disks` tells how it is taken and why it is fair."""

import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mag.disk.files import read_json, read_object
from mag.record.metrics import read_metrics
from mag.record.records import decode_record
from mag.record.store import StoredExperiment
from tests.torture.arena import FULL, Arena
from tests.torture.disks import Disk, made_disk

SWEEPS, CUTS, SIZE = (7, 5, 40) if FULL else (1, 1, 16)
ORDER = ("sweep", f"+i=range(0,{SIZE})", "-j", "2")
KINDS = [
    pytest.param("ext4", "loop", id="ext4"),
    pytest.param("ext4", "loop,noauto_da_alloc", id="ext4-without-its-help"),  # for programs that forget fsync
    pytest.param("xfs", "loop", id="xfs"),
]
_SAID = re.compile(r"^completed +(\d+) .*\n", re.MULTILINE)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount"),
    pytest.mark.parametrize("sweep", range(SWEEPS)),
]


def list_said(arena: Arena) -> set[int]:
    """Return the experiments of which mag has said that they completed."""
    return {int(number) for number in _SAID.findall(arena.read_words())}


def await_moment(arena: Arena, runner: "subprocess.Popen[bytes]", dice: random.Random) -> None:
    """Wait for a random time, or until mag has said something more, which is the moment that it has to be true."""
    said = len(arena.read_words())
    until = time.monotonic() + dice.random() * 0.2
    to_hear = dice.random() < 0.5
    while runner.poll() is None and (len(arena.read_words()) == said if to_hear else time.monotonic() < until):
        time.sleep(0.001)


def cut_some(arena: Arena, dice: random.Random, disk: Disk, *arguments: str) -> list[tuple[set[int], Disk]]:
    """Sweep; return what had been said before each power cut and what that left; the last one is after the end."""
    cuts = list[tuple[set[int], Disk]]()
    with arena.begin(*ORDER, *arguments, seconds=0.03) as runner:
        while runner.poll() is None and not list_said(arena):
            time.sleep(0.001)
        while runner.poll() is None and len(cuts) < CUTS:
            await_moment(arena, runner, dice)
            cuts.append((list_said(arena), disk.cut()))
    return [*cuts, (list_said(arena), disk.cut())]


def judge(arena: Arena, known: dict[int, StoredExperiment], said: set[int]) -> None:
    """Check what a power cut left: all that had been said is there and whole; the same command does the rest."""
    complete = {i: e for i, e in arena.read_store().items() if e.status == "completed"}
    assert said <= set(complete), "what was said to be completed is not"
    assert {i: e.results for i, e in complete.items()} == {i: known[i].results for i in complete}
    assert {i: read_object(complete[i].paths.results) for i in said} == {i: known[i].results for i in said}
    assert {i: Path(complete[i].paths.log).read_text() for i in said} == {i: f"this is {i}\n" for i in said}
    assert {i: read_metrics(complete[i].paths.metrics) for i in said} == {i: [{"i": i}] for i in said}
    go_on(arena, set(complete))


def go_on(arena: Arena, complete: set[int]) -> None:
    """Type the same command again; check that it does what is left, and only that."""
    begun = arena.count("start")
    assert arena.run(*ORDER) == 0, arena.read_words()[-2000:]
    arena.judge_results(SIZE)
    assert {i: arena.count("start")[i] for i in complete} == {i: begun[i] for i in complete}, "done twice"


def list_results(experiment: StoredExperiment) -> Iterator[dict[str, Any]]:
    """Yield the results of an experiment's attempts that completed."""
    if experiment.status == "completed":
        yield experiment.results
    for path in Path(experiment.paths.private).glob("attempts/*/record.json"):
        record = decode_record(read_json(str(path)), str(path))
        if record.status == "completed":
            yield record.results


@pytest.mark.parametrize(("kind", "options"), KINDS if FULL else KINDS[:2])
def test_what_was_said_outlasts_a_power_cut(
    tmp_path: Path, dice: random.Random, kind: str, options: str, sweep: int
) -> None:
    """Whatever mag had said to be completed is so after a power cut, and the same command completes the others."""
    del sweep
    with made_disk(tmp_path, kind) as disk:
        arena = Arena(tmp_path, tmp_path / "mounted" / "experiments")
        with disk.attached(tmp_path / "mounted", options):
            cuts = cut_some(arena, dice, disk)
            known = arena.read_store()
        for said, left in cuts:
            with left.attached(tmp_path / "mounted", options):
                judge(arena, known, said)
    print(f"{len(cuts)} cuts, {sum(len(said) for said, _ in cuts)} experiments that had been said to be completed")


def test_what_runs_again_costs_nothing_in_a_power_cut(tmp_path: Path, dice: random.Random, sweep: int) -> None:
    """While completed experiments run again, a power cut takes neither what they had found before nor what is new."""
    del sweep
    with made_disk(tmp_path, "xfs") as disk:
        arena = Arena(tmp_path, tmp_path / "mounted" / "experiments")
        with disk.attached(tmp_path / "mounted"):
            assert arena.run(*ORDER) == 0
            before = {i: e.results for i, e in arena.read_store().items()}
            (arena.home / "words").unlink()
            cuts = cut_some(arena, dice, disk, "--force")
            after = {i: e.results for i, e in arena.read_store().items()}
        for said, left in cuts:
            with left.attached(tmp_path / "mounted"):
                found = {i: list(list_results(e)) for i, e in arena.read_store().items()}
                assert [i for i in before if before[i] not in found.get(i, [])] == []
                assert [i for i in said if after[i] not in found.get(i, [])] == []
                go_on(arena, said)
    print(f"{len(cuts)} cuts while {SIZE} experiments ran again")
