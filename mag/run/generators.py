"""The global random generators of libraries: read, written and seeded where a library is loaded, which is never forced.

States are plain data, so that they compare and can be sent to another process.
"""

import pickle
import sys
from typing import Any, Protocol

from mag.code.drift import look_into
from mag.record.seeds import FIRST_STATE

_WORD = 2**32
"""A seed that a person types is smaller; what torch draws from the system is hardly ever."""
_TORCH_DEFAULT = 67280421310721
"""What older versions of torch are seeded with where nobody seeds them."""

Names = dict[str, Any]
"""The namespace of a library's module."""


class Generator(Protocol):
    """The generator of one library."""

    @property
    def name(self) -> str:
        """What a person calls the library."""

    @property
    def home(self) -> str:
        """The module whose import makes the generator."""

    @property
    def needs(self) -> tuple[str, ...]:
        """What that module has in it: one without is a stand-in, and left alone."""

    def read(self, names: Names, /) -> Any:
        """Return the state."""

    def write(self, names: Names, state: Any, /) -> None:
        """Put a state back."""

    def seed(self, names: Names, seed: int, /) -> None:
        """Make the state from a number of 53 bits."""

    def is_untouched(self, names: Names, /) -> bool:
        """Tell whether the state is what the library's import made it."""

    def is_seeded(self, names: Names, /) -> bool:
        """Tell whether somebody seeded it, and did not only draw from it; False where there is no telling."""


class Python:
    """The generator of `random`, which Python itself seeds anew in every fork."""

    name = home = "random"
    needs = ("getstate", "setstate", "seed")

    def read(self, names: Names) -> Any:
        """Return the state."""
        return names["getstate"]()

    def write(self, names: Names, state: Any) -> None:
        """Put a state back."""
        names["setstate"](state)

    def seed(self, names: Names, seed: int) -> None:
        """Make the state from a number."""
        names["seed"](seed)

    def is_untouched(self, names: Names) -> bool:
        """Compare the state with that at the import of mag: it tells nothing of its origin itself."""
        return bool(self.read(names) == FIRST_STATE)

    def is_seeded(self, names: Names) -> bool:  # noqa: ARG002
        """Return False: there is no telling."""
        return False


class NumPy:
    """NumPy's global generator."""

    name, home = "numpy", "numpy.random"
    needs = ("get_state", "set_state", "seed", "MT19937", "mtrand")

    def read(self, names: Names) -> Any:
        """Return the state."""
        return pickle.dumps(names["get_state"](legacy=False))

    def write(self, names: Names, state: Any) -> None:
        """Put a state back."""
        names["set_state"](pickle.loads(state))  # noqa: S301  (which `read` made)

    def seed(self, names: Names, seed: int) -> None:
        """Make the state from a number."""
        names["seed"]([seed % _WORD, seed // _WORD, 1])  # without the 1 its draws would be those of `random`

    def is_untouched(self, names: Names) -> bool:
        """Compare the state with what NumPy made of the entropy that it drew when it was imported."""
        entropy, state = _find_entropy(names), names["get_state"](legacy=False)
        if entropy is None or state["has_gauss"]:
            return False
        fresh, now = names["MT19937"](entropy).state["state"], state["state"]
        return bool(fresh["pos"] == now["pos"] and fresh["key"].tobytes() == now["key"].tobytes())

    def is_seeded(self, names: Names) -> bool:
        """Tell whether a seed has taken the place of that entropy."""
        return _find_entropy(names) is None


def _find_entropy(names: Names) -> Any:
    return names["mtrand"]._rand._bit_generator.seed_seq  # noqa: SLF001


class Torch:
    """The generators of torch: that of the processor, and those of GPUs where they are in use."""

    name = home = "torch"
    needs = ("manual_seed", "default_generator", "Generator", "equal", "frombuffer", "uint8", "cuda")

    def read(self, names: Names) -> Any:
        """Return the states of the processor and of the GPUs."""
        cuda = names["cuda"]
        gpus = cuda.get_rng_state_all() if cuda.is_initialized() else []
        return [bytes(state.tolist()) for state in (names["default_generator"].get_state(), *gpus)]

    def write(self, names: Names, state: Any) -> None:
        """Put the states back."""
        first, *gpus = (names["frombuffer"](bytearray(each), dtype=names["uint8"]) for each in state)
        names["default_generator"].set_state(first)
        if gpus:
            names["cuda"].set_rng_state_all(gpus)

    def seed(self, names: Names, seed: int) -> None:
        """Make all of them from a number: of GPUs as soon as they are used."""
        names["manual_seed"](seed)

    def is_untouched(self, names: Names) -> bool:
        """Tell whether nobody seeded it, nor drew from it."""
        return not self.is_seeded(names) and self._is_undrawn(names["default_generator"], names)

    def is_seeded(self, names: Names) -> bool:
        """Tell whether its seed is one that a person types."""
        seed = names["default_generator"].initial_seed()
        return bool(seed < _WORD and seed != _TORCH_DEFAULT)

    def _is_undrawn(self, generator: Any, names: Names) -> bool:
        fresh = names["Generator"]()
        fresh.manual_seed(generator.initial_seed())
        return bool(names["equal"](fresh.get_state(), generator.get_state()))


class TensorFlow:
    """TensorFlow's global seed: without one, each operation draws its own from the system."""

    name = home = "tensorflow"
    needs = ("random",)

    def read(self, names: Names) -> Any:  # noqa: ARG002
        """Return the seed, None where there is none."""
        return sys.modules["tensorflow.python.eager.context"].global_seed()

    def write(self, names: Names, state: Any) -> None:
        """Seed it again."""
        names["random"].set_seed(state)

    def seed(self, names: Names, seed: int) -> None:
        """Seed it."""
        names["random"].set_seed(seed)

    def is_untouched(self, names: Names) -> bool:
        """Tell whether it has no seed."""
        return self.read(names) is None

    def is_seeded(self, names: Names) -> bool:
        """Tell whether it has a seed."""
        return not self.is_untouched(names)


GENERATORS: dict[str, Generator] = {each.home: each for each in (Python(), NumPy(), Torch(), TensorFlow())}
"""The generators, by the modules that make them."""


def find_names(generator: Generator) -> Names | None:
    """Return the namespace of a library's module; None where that is not loaded, lazy, or a stand-in for it."""
    names = look_into(sys.modules.get(generator.home))
    return names if all(name in names for name in generator.needs) else None
