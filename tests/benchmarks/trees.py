"""Config trees that mag and Hydra compose: a small one of two groups, and a large one of 50 groups and 1,500 nodes."""

from pathlib import Path

KEYS = 60
"""Of the flat config that a great many points are planned of."""

_OPTIONS = 20


def write_small(folder: Path) -> Path:
    """Write two groups of twenty options each, of three values, and return the folder."""
    return _write(folder, groups=2, values=3)


def write_large(folder: Path) -> Path:
    """Write 50 groups of three options each (the first two: twenty), of 29 values, and return the folder."""
    return _write(folder, groups=50, values=29)


def write_flat(folder: Path) -> Path:
    """Write one config of 60 keys without groups, and return the folder."""
    folder.mkdir(parents=True)
    lines = [f"key_{number:02}: {number / 4}" for number in range(KEYS - 2)]
    (folder / "config.yaml").write_text("\n".join(["a: 0", "b: 0", *lines]) + "\n")
    return folder


def _write(folder: Path, *, groups: int, values: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(groups):
        place = folder / f"g{number}"
        place.mkdir()
        for option in range(_OPTIONS if number < 2 else 3):
            lines = [f"name: o{option}", *(f"v{value}: {value + option / 4}" for value in range(values - 1))]
            (place / f"o{option}.yaml").write_text("\n".join(lines) + "\n")
    entries = "".join(f"  - g{number}: o0\n" for number in range(groups))
    (folder / "config.yaml").write_text(f"defaults:\n{entries}  - _self_\nx: 0\n")
    return folder
