"""Laws of stores that several machines share without locks between them."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.disk import leases
from tests.launch.ledger import list_statuses, read_ledger, start

Mag = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the store of a project need leases."""
    monkeypatch.setenv("MAG_LEASES", "always")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_two_commands_share_by_leases() -> None:
    """Each experiment is run once."""
    words = ["sweep", "+x=11,12,13,14", "+steps=3"]
    clients = [start(*words), start(*words)]
    assert [client.wait(60) for client in clients] == [0, 0]
    assert read_ledger("start") == Counter([11, 12, 13, 14])


def test_what_another_machine_runs(mag: Mag, shared: Path) -> None:
    """It is running as long as that machine renews its lease, and lost after that; then it is tried again here."""
    assert mag("sweep", "+x=11", "+steps=0").returncode == 0
    private = next(shared.glob("experiments/*/.mag"))
    record = private / "record.json"
    record.write_text(record.read_text().replace('"status": "completed"', '"status": "running"', 1))
    for lease in private.glob("lock.lease.*"):
        lease.unlink()
    assert leases.take(str(private / "lock"), "another")
    assert list(list_statuses(mag).values()) == ["running"]
    (lease,) = private.glob("lock.lease.*")
    os.utime(lease, (0, 0))
    assert list(list_statuses(mag).values()) == ["lost"]
    assert mag("sweep", "+x=11", "+steps=0").returncode == 0
    assert json.loads(record.read_text())["status"] == "completed"
    assert read_ledger("end") == Counter({11: 2})


def test_doctor_says_so(mag: Mag) -> None:
    """What was found of locks is one of its lines."""
    found = {one["about"]: one["finding"] for one in json.loads(mag("doctor", "--json").stdout)}
    assert "others are kept away by leases" in found["locks"]
