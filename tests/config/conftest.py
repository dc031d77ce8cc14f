"""What tests of composition share: config files in a folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

WriteConfigs: TypeAlias = Callable[[dict[str, str]], Path]


@pytest.fixture
def write_configs(tmp_path: Path) -> WriteConfigs:
    """Return a function that writes files, given as {"db/mysql": text}, into one folder, and returns the folder."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write
