"""The environment: interpreter, machine and installed distributions, stored once by digest; and what varies by run.

Never the whole `os.environ`: only the variables in `VARIABLES`, none of which holds a secret.
"""

import dataclasses
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mag.config.identity import hash_bytes
from mag.disk import values
from mag.patterns import compile_lazily

VARIABLES = (
    *("PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "VIRTUAL_ENV", "CONDA_DEFAULT_ENV", "LANG", "LC_ALL", "TZ"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "NVIDIA_TF32_OVERRIDE", "TF_DETERMINISTIC_OPS", "XLA_FLAGS"),
    *("OPENBLAS_CORETYPE", "MKL_CBWR", "JAX_PLATFORMS", "JAX_ENABLE_X64", "SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID"),
)
"""The environment variables that are recorded."""

REPLAYED = tuple(
    name
    for name in VARIABLES
    if name.endswith(("_THREADS", "_CONFIG", "_OVERRIDE", "_OPS", "_FLAGS", "CORETYPE", "CBWR", "X64")) or name == "TZ"
)
"""Those of them that can change a result, and that a rerun sets again."""

_LOCK_FILES = (
    *("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "conda-lock.yml", "environment.yml"),
    *("requirements.lock", "requirements.txt"),
)
_DISTRIBUTION = compile_lazily(r"(?P<name>.+?)-(?P<version>[^-]+)(?:-[^/]*)?\.(?:dist|egg)-info")
_DIGITS = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Environment:
    """Where an experiment runs.

    Attributes:
        content: What is stored once: Python, platform, CPU, GPUs, distributions, digests of lock files.
        variables: The recorded environment variables that are set.
        hash_seed: The seed of the interpreter's string hashes; None where it is drawn at random.
        env: The variables that mag was told to set, secrets masked.
    """

    content: dict[str, Any]
    variables: dict[str, str]
    hash_seed: int | None
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The name under which the content is stored."""
        return hash_bytes(values.dump_json(self.content, sort=True))[:_DIGITS]

    def describe(self) -> dict[str, Any]:
        """Return what a record says of it."""
        env = {"env": dict(self.env)} if self.env else {}
        return {"digest": self.digest, "variables": self.variables, "hash_seed": self.hash_seed, **env}


def gather_environment(
    project: Path | None, variables: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
) -> Environment:
    """Return the environment of this process, or of one that has these variables; `env` are those that mag sets."""
    known = os.environ if variables is None else variables
    content = {
        "python": sys.version,
        "executable": sys.executable,
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",
        "libc": os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None,
        "cpu": {"model": _read_cpu(), "count": os.cpu_count()},
        "gpus": _list_gpus(),
        "distributions": dict(sorted(_list_distributions())),
        "locks": _digest_locks(project or Path.cwd()),
    }
    recorded = {name: known[name] for name in VARIABLES if name in known}
    return Environment(content, recorded, read_hash_seed(), env or {})


def read_hash_seed() -> int | None:
    """Return the seed of this interpreter's string hashes; None where it was drawn at random when it started."""
    if not sys.flags.hash_randomization:
        return 0
    value = os.environ.get("PYTHONHASHSEED", "")
    return int(value) if value.isascii() and value.isdigit() and int(value) else None


def _list_distributions() -> Iterator[tuple[str, str]]:
    """Yield name and version of what is installed, by the names of its folders: nothing has to be opened."""
    seen: set[str] = set()
    for entry in sys.path:
        try:
            names = os.listdir(entry or ".")
        except OSError:
            continue
        for name in names:
            found = _DISTRIBUTION.fullmatch(name)
            if found and (key := re.sub(r"[-_.]+", "-", found["name"]).lower()) not in seen:
                seen.add(key)
                yield key, found["version"]


def _read_cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^(?:model name|Model|cpu)\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _list_gpus() -> list[str]:
    """Return the names of NVIDIA's devices, as the kernel's driver tells them."""
    found = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        try:
            model = re.search(r"^Model:\s*(.+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        except OSError:
            continue
        found.append(model[1].strip() if model else path.parent.name)
    return found


def _digest_locks(project: Path) -> dict[str, str]:
    digests = {}
    for name in _LOCK_FILES:
        try:
            digests[name] = hash_bytes((project / name).read_bytes())
        except OSError:
            continue
    return digests
