"""Seeds: that of an experiment, and the random generators of a process set from one number."""

import random
import sys

FIRST_STATE = random.getstate()
"""The state of `random` when mag is imported: where it is another later, the program has seeded or used it."""


def seed_everything(seed: int) -> int:
    """Seed the generators of `random`, and of numpy and torch where they are loaded, and return the seed.

    Import numpy and torch first; a generator that you make yourself takes its seed itself. The hashes of strings, and
    with them the order of sets, are settled when Python starts: the command `mag` starts it with `PYTHONHASHSEED=0`;
    for `python train.py` and other scripts set it yourself.

    Args:
        seed: Any integer, `experiment.seed` for example; 32 bits of it count.

    >>> seed_everything(7) == 7 and random.random() == random.Random(7).random()
    True
    """
    seed %= 2**32
    random.seed(seed)
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed(seed)
    elif numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)  # of the processor and of all GPUs
    return seed


def derive_seed(identity: str) -> int:
    """Return the seed of an experiment that has its first attempt under this identity."""
    return int(identity[:8], 16)
