"""What Hydra's compose takes inside a warm process, run by a Python that has hydra-core.

    python peer_inside.py FOLDER [KEY=VALUE,VALUE ...]

It composes the config once for each point of the grid, or three times if there is none, and prints the milliseconds of
wall and of CPU time that one takes.
"""

import itertools
import sys
import time

from hydra import compose, initialize_config_dir


def measure(folder: str, *swept: str) -> None:
    """Compose, and print what one composition takes."""
    columns = [[f"{text.partition('=')[0]}={value}" for value in text.partition("=")[2].split(",")] for text in swept]
    points = list(itertools.product(*columns)) if columns else [()] * 3
    with initialize_config_dir(folder, version_base="1.3"):
        compose("config")
        began, spent = time.perf_counter(), time.process_time()
        for point in points:
            compose("config", overrides=list(point))
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
    print(wall * 1000 / len(points), cpu * 1000 / len(points))


if __name__ == "__main__":
    measure(*sys.argv[1:])
