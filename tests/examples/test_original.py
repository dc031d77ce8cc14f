"""The law of examples/original.py: a script that knows nothing but `Experiment` works."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIGEST = "cefce3007a1267bdc0e949cfa63a8bbafbce0b1e0cb9f933a1bef3b39b9e4245"


def test_a_script_of_its_own_leaves_its_experiment_where_it_runs(tmp_path: Path) -> None:
    """Its directory is named after its config, and its output is in the log and on the terminal."""
    command = [sys.executable, str(ROOT / "examples" / "original.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    output = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
    directory = tmp_path / "experiments" / "10|0.01"
    assert output.startswith("Accuracy is 0.9")
    assert (directory / "log").read_text().endswith(output)
    assert json.loads((directory / "config.json").read_text()) == {"C": 10, "gamma": 0.01}
    assert json.loads((directory / ".mag" / "record.json").read_text())["status"] == "completed"


def test_the_script_is_kept_word_for_word() -> None:
    """Neither a formatter nor an improvement touches it: scripts as people write them keep working."""
    text = (ROOT / "examples" / "original.py").read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST
