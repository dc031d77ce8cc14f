"""GPUs: which of this machine's a sweep may use, and how many each of its experiments gets."""

import dataclasses
import os
import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from mag.errors import UsageError
from mag.patterns import compile_lazily
from mag.suggestion import list_names

VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""The environment variables that say which GPUs a process may use."""

_RANGE = compile_lazily(r"\d{1,4}-\d{1,4}")
_UUID = compile_lazily(r"(GPU|MIG)-[0-9a-zA-Z/-]+")


class Gpu(NamedTuple):
    """A GPU.

    Attributes:
        token: What a variable says that leaves it alone visible.
        key: What all runners of this machine call it.
    """

    token: str
    key: str


@dataclasses.dataclass(frozen=True, slots=True)
class GpuRequest:
    """The GPUs of a sweep.

    Attributes:
        gpus: Those that it may use.
        count: How many of them it may use at a time.
        each: How many an experiment gets.
        share: How many experiments may be on one.
        variables: The environment variables that tell an experiment of its own.
    """

    gpus: tuple[Gpu, ...]
    count: int
    each: int = 1
    share: int = 1
    variables: tuple[str, ...] = VARIABLES[:1]

    @property
    def slots(self) -> int:
        """How many experiments may run at a time."""
        return self.count * self.share // self.each


def read_request(text: str, each: int, share: int) -> GpuRequest:
    """Return what `--gpus`, `--gpus-per-experiment` and `--per-gpu` ask for.

    Raises:
        UsageError: It names GPUs that this process may not use, more than there are, or too few.
    """
    variables, visible = read_visible()
    devices = list_devices()
    known = visible if visible is not None else [str(index) for index in range(len(devices))]
    source = f"{variables[0]}={os.environ[variables[0]]}" if visible is not None else "as the NVIDIA driver says"
    if visible is not None and not visible:
        raise UsageError(f"--gpus {text}: this process may use no GPU ({source}).")
    if text == "all" or (text.isdecimal() and text.isascii()):
        tokens, count = known, _count(text, known, source)
    else:
        tokens = _select(text, known, source, devices)
        count = len(tokens)
    if count < each:
        raise UsageError(
            f"--gpus {text} gives {count}, fewer than the {each} of --gpus-per-experiment: ask for more, or for fewer "
            f"per experiment."
        )
    gpus = tuple(Gpu(token, _name(token, devices)) for token in tokens)
    if len({gpu.key for gpu in gpus}) < len(gpus):
        raise UsageError(f"--gpus {text} names one of them twice: --per-gpu 2 runs two experiments on each.")
    return GpuRequest(gpus, count, each, share, variables)


def read_visible() -> tuple[tuple[str, ...], list[str] | None]:
    """Return the variables in force, and which GPUs they leave to this process; None where they say nothing."""
    said = {name: _split(os.environ[name]) for name in VARIABLES if name in os.environ}
    if not said:
        return VARIABLES[:1], None
    first, *others = said
    for other in others:
        if said[other] != said[first]:
            raise UsageError(
                f"{first}={os.environ[first]} and {other}={os.environ[other]} say different things about the GPUs that "
                f"may be used: unset one of them."
            )
    return tuple(said), said[first]


def _split(text: str) -> list[str]:
    """Return the GPUs of a variable: a negative number, or one that is none, ends the list."""
    found: list[str] = []
    for part in map(str.strip, text.split(",")):
        if not part.isdecimal() and not _UUID.fullmatch(part):
            break
        found.append(part)
    return found


def _count(text: str, known: Sequence[str], source: str) -> int:
    if text.isdecimal() and not int(text):
        raise UsageError("--gpus 0 asks for none: type --gpus 1 for any one of them, or --gpus 0, for the first.")
    if not known:
        advice = explain_silence()
        raise UsageError(f"--gpus {text}: which GPUs there are is not known. Name them, as in --gpus 0,1, or {advice}.")
    if text == "all":
        return len(known)
    if int(text) > len(known):
        raise UsageError(
            f"--gpus {text} asks for more than the {len(known)} that this process may use ({source}): type --gpus "
            f"{len(known)}, or --gpus all."
        )
    return int(text)


def _select(text: str, known: Sequence[str], source: str, devices: Sequence[str]) -> list[str]:
    """Return the GPUs of a list: numbers count among those that this process may use."""
    parts = [part for part in map(str.strip, text.split(",")) if part]
    if len(parts) <= text.rstrip(", ").count(",") or not parts:
        raise UsageError(f"--gpus {text!r} leaves one without a name: write {','.join(parts) or '0,1'}.")
    if ranges := [part for part in parts if _RANGE.fullmatch(part)]:
        first, last = map(int, ranges[0].split("-"))
        raise UsageError(f"--gpus {ranges[0]!r} is no GPU: write {','.join(map(str, range(first, last + 1)))}.")
    tokens = [_find(part, known, devices) for part in parts] if known else parts
    for part, token in zip(parts, tokens, strict=True):
        if token is None:
            numbers = ",".join(map(str, range(len(known))))
            raise UsageError(
                f"--gpus {part} is none of the {len(known)} that this process may use ({source}), which count from 0: "
                f"type --gpus {numbers}."
            )
    return [token for token in tokens if token is not None]


def _find(part: str, known: Sequence[str], devices: Sequence[str]) -> str | None:
    """Return what a variable calls a GPU that was typed; None where it is not among those known."""
    if part.isdecimal():
        return known[int(part)] if int(part) < len(known) else None
    for token in known:
        uuid = devices[int(token)] if token.isdecimal() and int(token) < len(devices) else token
        if _UUID.fullmatch(part) and (uuid.startswith(part) or part.startswith(uuid)):
            return part if token.isdecimal() else token
    return None


def _name(token: str, devices: Sequence[str]) -> str:
    """Return what all runners call a GPU: its number where that is known, whatever the variables of each say."""
    for index, uuid in enumerate(devices):
        if token.startswith("GPU-") and uuid.startswith(token):
            return str(index)
    return str(int(token)) if token.isdecimal() else re.sub(r"[^\w.-]", "_", token)


def list_devices() -> list[str]:
    """Return the UUIDs of the GPUs that NVIDIA's driver tells of, in order; none where it is silent or not asked."""
    try:
        with warnings.catch_warnings(action="ignore"):  # an older package of the same name is deprecated
            import pynvml  # noqa: PLC0415  (an extra)
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        try:
            handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
            return [str(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles]
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return []


def explain_silence() -> str:
    """Return advice on how to make the GPUs known."""
    try:
        import pynvml  # noqa: PLC0415, F401
    except ImportError:
        return "install nvidia-ml-py, which asks NVIDIA's driver (pip install 'mag-sweep[gpu]')"
    return "see why NVIDIA's driver lists none (nvidia-smi)"


def describe(request: GpuRequest) -> str | None:
    """Return a line on which GPUs are meant, if their numbers differ from a variable's."""
    if all(gpu.token == str(index) for index, gpu in enumerate(request.gpus)):
        return None
    name = request.variables[0]
    if name not in os.environ:
        return None
    tokens = list_names(gpu.token for gpu in request.gpus)
    return f"GPUs are counted among those visible to this process ({name}={os.environ[name]}): experiments get {tokens}"
