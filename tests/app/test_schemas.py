"""Laws of schemas that another process tells."""

import sys
from pathlib import Path

import pytest

from mag.app.modules import read_apart
from mag.errors import UsageError


def test_import_that_ends_the_process(tmp_path: Path) -> None:
    """An app that ends its process when it is imported is an error, and costs nothing else."""
    with pytest.raises(UsageError, match="ended the process"):
        read_apart(lambda: sys.exit(3), tmp_path)
