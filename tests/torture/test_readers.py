"""Laws of those who look while others write."""

from mag.record.store import Store
from tests.torture.arena import FULL, Arena

READS = 1_000_000 if FULL else 20_000


def test_a_reader_sees_a_state_that_was(arena: Arena) -> None:
    """While eight runners run the same experiments again and again, no read meets half a record or half of results."""
    order = ("sweep", "+i=range(0,40)", "-j", "2", "--force")
    assert arena.run("sweep", "+i=range(0,40)") == 0
    writers = [arena.begin(*order, seconds=0.001) for _ in range(8)]
    reads, seen = 0, set[str]()
    while reads < READS:
        for place, writer in enumerate(writers):
            if writer.poll() is not None:
                writers[place] = arena.begin(*order, seconds=0.001)
        for experiment in Store(arena.store):
            reads += 1
            seen.add(experiment.status)
            assert experiment.record is not None, experiment.problem
            if experiment.status == "completed":
                assert set(experiment.results) == {"early", "pid", "i"}
                assert experiment.results["early"] == experiment.results["i"] == experiment.config["i"]
    for writer in writers:
        writer.wait()

    assert seen <= {"completed", "running"}
    assert arena.count("twice") == {}
    assert arena.list_temporaries() == []
    print(f"{reads} reads, {len(arena.count('start'))} experiments, {sum(arena.count('end').values())} attempts")
