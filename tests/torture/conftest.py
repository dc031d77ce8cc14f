"""What the torture tests share: an arena, the numbers of this run, and the mark that all of them bear."""

import random
import zlib
from pathlib import Path

import pytest

from tests.torture.arena import FULL, Arena

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder, and give it the time it takes."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.torture)
            item.add_marker(pytest.mark.timeout(6 * 3600 if FULL else 300))


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    """Return a project whose experiments keep a ledger."""
    return Arena(tmp_path)


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Return the source of random moments: in full other ones each time, told where a test fails; in small the same."""
    seed = random.SystemRandom().randrange(1 << 32) if FULL else zlib.crc32(request.node.nodeid.encode())
    request.node.add_report_section("setup", "dice", f"seed {seed}")
    return random.Random(seed)
