"""Laws of provenance: where results come from."""

import sys
from pathlib import Path

import pytest

from mag.record.provenance import locate_code


@pytest.mark.parametrize(
    ("script", "found"), [("code/script.py", "code"), ("code/gone.py", "."), ("", "."), ("-c", ".")]
)
def test_code_is_where_the_script_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: str) -> None:
    """The code is where the script lies; where there is none, in the current directory."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "script.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [script])

    assert locate_code() == tmp_path / found


def test_an_installed_program_is_not_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under an installed program, such as pytest or a notebook's kernel, the code is in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [pytest.__file__])

    assert locate_code() == tmp_path
