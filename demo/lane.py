"""Which versions the harness runs: the newest, or the oldest that the docs name. The environment variable LANE chooses.

Simulator, tests and browser always run in the newest's environment.
"""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Lane:
    """A pair of AppDaemon and Home Assistant.

    Attributes:
        appdaemon: The environment that has AppDaemon, and in which the app's commands run.
        home_assistant: The environment that has Home Assistant.
    """

    appdaemon: Path
    home_assistant: Path

    @property
    def components(self) -> Path:
        """The folder of Home Assistant's integrations."""
        (found,) = self.home_assistant.glob("lib/python3*/site-packages/homeassistant/components")
        return found


LANES = {
    "newest": Lane(CHECKOUT / ".venv", CHECKOUT / ".venv-homeassistant"),
    "oldest": Lane(CHECKOUT / ".venv-oldest", CHECKOUT / ".venv-homeassistant-oldest"),
}

LANE = LANES[os.environ.get("LANE") or "newest"]
"""What this run uses."""
