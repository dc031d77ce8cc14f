"""How a plan reads an app's configs; the app is imported only where nothing else tells what they are."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mag.app import App
from mag.app.composing import HydraComposer
from mag.app.hydra import HydraFunction
from mag.config.composition.composer import Composer
from mag.config.composition.resolution import Resolution, resolve_known
from mag.plans.plan import PlannedExperiment
from mag.plans.resolver import Resolver, Traits
from mag.run.servers import AppServer
from mag.run.tasks import Function
from mag.settings import Settings

if TYPE_CHECKING:
    from mag.sweeps.scripts import ScriptServer


def open_configs(
    app: App, server: "AppServer | ScriptServer", settings: Settings, *, debug: bool = False
) -> tuple[Composer, Resolver]:
    """Return what composes and what resolves an app's configs.

    Raises:
        UsageError: The app cannot be imported, or its schemas cannot be used.
    """
    settled = app.settle(debug=debug)
    resolver = make_resolver(settled, server, settings)
    if settled.is_hydra and server.ask(HydraFunction.has_own_configs):
        return HydraComposer(settled, server.ask), resolver
    return settled.compose_typed(debug=debug), resolver


def make_resolver(app: App, server: "AppServer | ScriptServer", settings: Settings) -> Resolver:
    """Return what resolves an app's configs, and asks it only for what it does not know itself."""
    return Resolver(read_traits(app, settings), lambda config, known: server.ask(partial(_resolve, config, known)))


def read_traits(app: App, settings: Settings) -> Traits:
    """Return what there is to know of an app for its configs to be resolved."""
    is_late = app.is_late or app.is_hydra or settings.missing == "late"
    return Traits(app.file.stem, app.config_name, is_late, app.is_hydra)


def _resolve(config: dict[str, Any], known: Mapping[str, Any], _: Function) -> Resolution:
    found = resolve_known(config, known)
    return found._replace(late=dict(found.late), unknown=dict(found.unknown))  # which can be sent


def prepare_hydra(server: "AppServer | ScriptServer", todo: Iterable[PlannedExperiment]) -> None:
    """Have Hydra read all files that the experiments need before the first starts, so that later edits change nothing.

    Raises:
        ConfigError: Hydra refuses its own part of the configs.
    """
    seen: set[str] = set()
    points: list[tuple[str, ...]] = []
    for e in todo:
        groups = e.choices
        chosen = tuple(text for text in e.overrides if text.lstrip("+~").partition("=")[0] in groups)
        if not points or not seen.issuperset(chosen):
            points.append(chosen)
            seen.update(chosen)
    if points:
        server.ask(partial(_compose, points), keep=True)


def _compose(points: list[tuple[str, ...]], function: HydraFunction) -> None:
    for texts in points:
        function.compose_plain(texts)
