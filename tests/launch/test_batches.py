"""Laws of batches: tasks come back as they were, and nobody else may read them."""

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mag.launch.batches import Batches, Event
from mag.run.tasks import Outcome, Task

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
CONFIGS = st.dictionaries(st.text() | st.integers(), VALUES | st.lists(VALUES, max_size=2), max_size=4)


@given(config=CONFIGS)
def test_tasks_come_back(config: dict[str, object], tmp_path_factory: object) -> None:
    """Keys keep their types, and values are what they were."""
    batches = Batches(tmp_path_factory.mktemp("batches"))  # type: ignore[attr-defined]
    task = Task(3, "1|2", "a" * 64, config, overrides=("a=1",), attempt=2, late=(("x", 1),))
    batches.add(1, [task, task])
    assert batches.read_tasks(1) == [task, task]


def test_only_the_user_may_read_them(tmp_path: Path) -> None:
    """Tasks and set-up hold configs and environment variables as they are, secrets included."""
    batches = Batches(tmp_path / "batches")
    batches.create({"env": {"TOKEN": "secret"}})
    batches.add(1, [Task(0, "a", "b", {"token": "secret"})])
    assert {path.stat().st_mode & 0o077 for path in batches.folder.iterdir()} == {0}


def test_a_torn_last_line_is_for_later(tmp_path: Path) -> None:
    """What is told is heard once, and a line that is not whole when it is."""
    batches = Batches(tmp_path)
    batches.tell(1, Event("a", "x", None))
    batches.tell(1, Event("a", "x", Outcome(0, "x", "completed", results={"loss": math.inf})))
    file = tmp_path / "1.outcomes"
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    first, offset = batches.listen(1)
    file.write_bytes(whole)
    second, end = batches.listen(1, offset)
    assert [event.outcome is None for event in (*first, *second)] == [True, False]
    assert (end, batches.listen(1, end)) == (len(whole), ([], len(whole)))


def test_garbled_handles_are_none(tmp_path: Path) -> None:
    """A file that somebody else has written into leads to no engine."""
    for text in ("", "[]", '{"version": 1}', '{"version": 1, "engine": "x", "options": 3, "handles": {}, "over": []}'):
        (tmp_path / "handles.json").write_text(text)
        assert Batches(tmp_path).read_handles() == ("", {}, {})
