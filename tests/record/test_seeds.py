"""Laws of `mag.seed_everything`."""

import importlib.util
import random
import subprocess
import sys

import pytest

import mag


def test_the_same_seed_gives_the_same_numbers() -> None:
    """Each call starts the generators anew; it returns the seed."""
    drawn = [(mag.seed_everything(3), random.random()) for _ in range(2)]

    assert drawn[0] == drawn[1]
    assert drawn[0][0] == 3


def test_numpy_is_seeded_where_it_is_loaded() -> None:
    """The generator of numpy is seeded, and numpy is not imported for it."""
    code = "import mag, sys; mag.seed_everything(-1); print('numpy' in sys.modules)\n"
    code += "import numpy\nfor _ in range(2): print(mag.seed_everything(2**33 + 5), numpy.random.rand())"
    first, *drawn = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()

    assert (first, drawn[0]) == ("False", drawn[1])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_torch_is_seeded_where_it_is_loaded() -> None:
    """The generators of torch are seeded."""
    code = "import mag, torch\nfor _ in range(2): print(mag.seed_everything(5), torch.rand(1).item())"
    first, second = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()

    assert first == second
