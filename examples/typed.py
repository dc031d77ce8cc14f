"""A config with types, and no config files: a dataclass says which keys there are, and what they are by default.

mag sweep examples/typed.py steps=10,100 optimizer.rate=0.1,1    1 becomes 1.0, for the rate is a float
mag run examples/typed.py steps=10 optimizer.rate=fast           refused before anything starts
mag config examples/typed.py --typed steps=10                    the config with its defaults
"""

from dataclasses import dataclass, field
from typing import Literal

from omegaconf import DictConfig

import mag


@dataclass
class Optimizer:
    """How to go downhill."""

    name: Literal["plain", "momentum"] = "plain"
    rate: float = 0.1


@dataclass
class Config:
    """All that an experiment depends on."""

    steps: int  # has no default, so it must be given
    start: float = 1.0
    optimizer: Optimizer = field(default_factory=Optimizer)


@mag.main(schema=Config)
def descend(config: DictConfig) -> dict[str, float]:
    """Walk down a parabola."""
    x, speed = config.start, 0.0
    for _ in range(config.steps):
        speed = (0.9 * speed if config.optimizer.name == "momentum" else 0.0) - config.optimizer.rate * 2 * x
        x += speed
    return {"height": x * x}


if __name__ == "__main__":
    descend()
