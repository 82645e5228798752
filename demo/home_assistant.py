"""A real Home Assistant with the project's package and dashboard, in a configuration folder of its own."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import yaml

from demo.onboarding import lasting_token
from demo.ports import HOST
from demo.processes import CHECKOUT, Process
from demo.websocket import HomeAssistantSocket

TIME_ZONE = "Europe/London"

# The first start makes its database and compiles its modules; later ones take a fraction of this.
_START_SECONDS = 180.0

_CONFIGURATION = """\
homeassistant:
  name: Enphase battery demo
  latitude: 51.5
  longitude: -0.1
  elevation: 20
  unit_system: metric
  currency: GBP
  country: GB
  language: en
  time_zone: {time_zone}
  packages: !include_dir_named packages
http:
  server_host: {host}
  server_port: {port}
frontend:
history:
logbook:
logger:
  default: warning
recorder:
  purge_keep_days: 2
"""

# How the frontend speaks to the demo's user: with times of 24 hours, as the app's own sentences have them.
_BRITISH = {"language": "en-GB", "number_format": "language", "time_format": "language"}

# One step of the onboarding, answered ahead: taken over HTTP it would set up weather, radio and speech services, which
# reach out of this machine. The other steps are taken as a browser takes them.
_ONBOARDING = '{"version": 4, "minor_version": 1, "key": "onboarding", "data": {"done": ["core_config"]}}'


class HomeAssistant:
    """One installation. It can be stopped and started again, at the same address, with all that it remembers."""

    def __init__(self, folder: Path, log: Path, port: int, packages: Sequence[Path] = ()) -> None:
        """Keep everything in `folder`; `packages` are more YAML files to load beside the project's own."""
        self.folder = folder
        self.url = f"http://{HOST}:{port}"
        self.token = ""
        self._port = port
        self._token_file = folder / ".token"
        self._packages = [CHECKOUT / "home_assistant" / "package.yaml", *packages]
        hass = CHECKOUT / ".venv-homeassistant" / "bin" / "hass"
        self.process = Process("Home Assistant", [hass, "-c", folder, "--skip-pip", "--log-no-color"], log)

    async def start(self) -> None:
        """Start it, make it usable, and give it the dashboard.

        Raises:
            StartError: it ended, or was not ready in time.
        """
        self._write_configuration()
        await self.process.start()
        await self.process.until(self._answers, _START_SECONDS)
        self.token = await lasting_token(self.url, self._kept_token())
        self._keep_token()
        async with self.socket() as socket:

            async def runs() -> bool:
                return bool((await socket.call("get_config"))["state"] == "RUNNING")

            await self.process.until(runs, _START_SECONDS)
            await socket.call("frontend/set_user_data", key="language", value=_BRITISH)
            dashboard = (CHECKOUT / "home_assistant" / "dashboard.yaml").read_text(encoding="utf-8")
            await socket.call("lovelace/config/save", config=yaml.safe_load(dashboard))

    async def stop(self) -> None:
        """End it in good order: it saves its states."""
        await self.process.stop()

    def socket(self) -> HomeAssistantSocket:
        """Return a new websocket connection, to be entered as a context."""
        return HomeAssistantSocket(self.url, self.token)

    def add_package(self, name: str, content: str) -> None:
        """Add a file to the configuration; Home Assistant reads it when it is asked to reload."""
        (self.folder / "packages" / f"{name}.yaml").write_text(content, encoding="utf-8")

    def _kept_token(self) -> str:
        return self._token_file.read_text(encoding="utf-8") if self._token_file.exists() else ""

    def _keep_token(self) -> None:
        self._token_file.touch(mode=0o600)
        self._token_file.write_text(self.token, encoding="utf-8")

    def _write_configuration(self) -> None:
        packages = self.folder / "packages"
        shutil.rmtree(packages, ignore_errors=True)
        packages.mkdir(parents=True)
        for package in self._packages:
            shutil.copy(package, packages / f"enphase_battery_{package.name}")
        text = _CONFIGURATION.format(time_zone=TIME_ZONE, host=HOST, port=self._port)
        (self.folder / "configuration.yaml").write_text(text, encoding="utf-8")
        onboarding = self.folder / ".storage" / "onboarding"
        if not onboarding.exists():
            onboarding.parent.mkdir(exist_ok=True)
            onboarding.write_text(_ONBOARDING, encoding="utf-8")

    async def _answers(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/manifest.json") as response:
                return response.ok
        except aiohttp.ClientError:
            return False
