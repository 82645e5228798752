"""A real Home Assistant with the project's package and dashboard, in a configuration folder of its own."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import yaml

from demo.lane import CHECKOUT, LANE
from demo.onboarding import lasting_token
from demo.ports import HOST
from demo.processes import Process
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
{http}frontend:
history:
logbook:
logger:
  default: warning
recorder:
  purge_keep_days: 2
"""

_HTTP = """\
http:
  server_host: {host}
  server_port: {port}
"""

DASHBOARD = "enphase-battery"
"""Where the dashboard is: Home Assistant's first page is its own."""

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
        hass = LANE.home_assistant / "bin" / "hass"
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
            await self._show_dashboard(socket)

    async def stop(self) -> None:
        """End it in good order: it saves its states."""
        await self.process.stop()

    def socket(self) -> HomeAssistantSocket:
        """Return a new websocket connection, to be entered as a context."""
        return HomeAssistantSocket(self.url, self.token)

    def add_package(self, name: str, content: str) -> None:
        """Add a file to the configuration; Home Assistant reads it when it is asked to reload."""
        (self.folder / "packages" / f"{name}.yaml").write_text(content, encoding="utf-8")

    @property
    def dashboard_url(self) -> str:
        """The address of the project's dashboard."""
        return f"{self.url}/{DASHBOARD}/battery"

    async def _show_dashboard(self, socket: HomeAssistantSocket) -> None:
        """Put the project's dashboard beside Home Assistant's own, as the pages tell its owner to."""
        text = (CHECKOUT / "home_assistant" / "dashboard.yaml").read_text(encoding="utf-8")
        config = yaml.safe_load(text)
        if DASHBOARD not in {one["url_path"] for one in await socket.call("lovelace/dashboards/list")}:
            about = {"title": config["title"], "icon": "mdi:home-battery", "show_in_sidebar": True}
            await socket.call("lovelace/dashboards/create", url_path=DASHBOARD, **about)
        await socket.call("lovelace/config/save", url_path=DASHBOARD, config=config)

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
        storage = self.folder / ".storage"
        storage.mkdir(exist_ok=True)
        http = ""
        if (LANE.components / "http" / "config.py").exists():
            # This one takes an address in YAML on trial only, and ends after five minutes unless a person confirms it.
            address = {"server_host": [HOST], "server_port": self._port}
            kept = {"version": 1, "minor_version": 1, "key": "http", "data": address}
            (storage / "http").write_text(json.dumps(kept), encoding="utf-8")
        else:
            http = _HTTP.format(host=HOST, port=self._port)
        text = _CONFIGURATION.format(time_zone=TIME_ZONE, http=http)
        (self.folder / "configuration.yaml").write_text(text, encoding="utf-8")
        if not (storage / "onboarding").exists():
            (storage / "onboarding").write_text(_ONBOARDING, encoding="utf-8")

    async def _answers(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/manifest.json") as response:
                return response.ok
        except aiohttp.ClientError:
            return False
