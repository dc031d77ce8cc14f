"""Laws of disks that have no room left."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.torture.arena import Arena
from tests.torture.disks import mounted


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
@pytest.mark.parametrize("option", ["size=256k", "nr_inodes=60"])
def test_a_disk_without_room_loses_nothing(tmp_path: Path, option: str) -> None:
    """Where blocks or inodes run out the reason is said, nothing passes for complete, and with room all get done."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", option, "none") as disk:
        arena = Arena(tmp_path, disk / "experiments")
        assert arena.run("sweep", "+i=range(0,40)", "-j", "2") == 1
        complete = {i for i, e in arena.read_store().items() if e.status == "completed"}
        assert "No space left on device" in arena.read_words()
        assert complete
        assert complete <= set(arena.count("end"))
        more = "size=16m,nr_inodes=10k"
        subprocess.run(["mount", "-o", f"remount,{more}", str(disk)], check=True)
        assert arena.run("sweep", "+i=range(0,40)", "-j", "2") == 0, arena.read_words()[-2000:]
        arena.judge(40, exact=False)
        assert {arena.count("start")[i] for i in complete} == {1}
