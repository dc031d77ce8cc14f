"""The app: which function a command means, and which configs belong to it.

    @mag.main(config_path="configs", config_name="config")
    def train(config): ...

    definition   what @mag.main makes of a function
    source       what is decorated in a file, read without running it
    modules      a file or a module found, and imported
    discovery    which app a command means

Where the decorator's arguments are literals they are read from the source, so that looking at configs never pays
for the user's imports.
"""

from mag.app.definition import App, Main
from mag.app.discovery import find_app

__all__ = ["App", "Main", "find_app"]
