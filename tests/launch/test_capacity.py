"""Laws of what there is room for."""

import os
import resource

from mag.launch.capacity import count_cpus, count_room


def test_cpus() -> None:
    """At least one CPU may be used, and no more than there are."""
    assert 1 <= count_cpus() <= (os.cpu_count() or 1)


def test_room() -> None:
    """There is room for one experiment at least, and for fewer than there may be open files."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, allowed[1]))
        assert 1 <= count_room() < 64
        resource.setrlimit(resource.RLIMIT_NOFILE, (8, allowed[1]))
        assert count_room() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
