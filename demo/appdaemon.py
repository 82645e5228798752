"""A real AppDaemon with the checkout's app, in a configuration folder of its own."""

import shutil
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from demo.home_assistant import TIME_ZONE, HomeAssistant
from demo.lane import CHECKOUT, LANE
from demo.ports import HOST
from demo.processes import Process
from simulator import EMAIL, PASSWORD

# What the app keeps between restarts, under AppDaemon's configuration folder.
STORE = "enphase_battery"

LEFT_ALONE: Mapping[str, object] = MappingProxyType({"exclude_dirs": ["enphase_battery"]})
"""The option with which AppDaemon does not look at the app's code, as the pages recommend."""

_START_SECONDS = 60.0

# As lively as the app lets anybody have it: a look at the demo is not to take a quarter of an hour.
_LIVELY = {"poll": 60, "lead": 120, "consistency": 30, "requests_per_hour": 600}

_CONFIGURATION = """\
appdaemon:
  latitude: 51.5
  longitude: -0.1
  elevation: 20
  time_zone: {time_zone}
{options}  plugins:
    HASS:
      type: hass
      ha_url: {home_assistant}
      token: !secret home_assistant_token
http:
  url: {url}
api:
"""

_APP = """\
{name}:
  module: {module}
  class: {kind}
  email: !secret enphase_email
  password: !secret enphase_password
"""

_READY = "App initialization complete"


class AppDaemon:
    """One installation; apps are added and removed while it runs, as a person does by editing YAML."""

    def __init__(
        self,
        folder: Path,
        log: Path,
        home_assistant: HomeAssistant,
        port: int,
        *,
        follow_edits: bool,
        options: Mapping[str, object] = MappingProxyType({}),
        subclass: Path | None = None,
    ) -> None:
        """Keep everything in `folder`; AppDaemon's own HTTP interface listens at `port`.

        With `follow_edits` a change of the app's code in the checkout reloads it; else a copy runs, undisturbed.
        `options` are more keys of AppDaemon's own section in its configuration. `subclass` is a module that is called
        like a class in it, which the apps are made of in the place of the app's own.
        """
        self.folder = folder
        self.url = f"http://{HOST}:{port}"
        self._home_assistant = home_assistant
        self._follow_edits = follow_edits
        self._options = options
        self._subclass = subclass
        appdaemon = LANE.appdaemon / "bin" / "appdaemon"
        self.process = Process("AppDaemon", [appdaemon, "-c", folder], log)

    async def start(self) -> None:
        """Start it and wait until it is connected to Home Assistant.

        Raises:
            StartError: it ended, or was not ready in time.
        """
        self._write_configuration()
        await self.process.start()
        await self.process.until(self._connected, _START_SECONDS)

    async def stop(self) -> None:
        """End it; its apps are asked to end first."""
        await self.process.stop()

    def add_app(self, name: str, base_url: str, **settings: Any) -> None:
        """Configure an instance of the app, called `name`, for the cloud at `base_url`."""
        more = yaml.safe_dump({"base_url": base_url, **_LIVELY, **settings}, sort_keys=False)
        module = self._subclass.stem if self._subclass else "enphase_battery"
        kind = "".join(word.capitalize() for word in module.split("_"))
        app = _APP.format(name=name, module=module, kind=kind)
        self._app_file(name).write_text(app + textwrap.indent(more, "  "), encoding="utf-8")

    async def remove_app(self, name: str) -> None:
        """Take the instance out of the configuration and wait until it has ended.

        Raises:
            StartError: it does not end, or AppDaemon has ended.
        """
        # The newer ones log "Stopped app" besides, as soon as the app has ended; 4.5.0 does not.
        ended = f"Calling terminate() for '{name}'"
        before = self.process.output().count(ended)
        # AppDaemon 4.5.13 overlooks a file that is deleted: its apps go on.
        self._app_file(name).write_text("{}\n", encoding="utf-8")

        async def gone() -> bool:
            return self.process.output().count(ended) > before

        await self.process.until(gone, _START_SECONDS)

    def _app_file(self, name: str) -> Path:
        return self.folder / "apps" / f"{name}.yaml"

    def _write_configuration(self) -> None:
        apps = self.folder / "apps"
        apps.mkdir(parents=True, exist_ok=True)
        # Not the checkout's apps folder itself: somebody's own apps.yaml may lie there.
        source, app = CHECKOUT / "apps" / "enphase-battery", apps / "enphase-battery"
        if self._follow_edits and not app.exists():
            app.symlink_to(source)
        elif not app.exists():
            shutil.copytree(source, app)
        if self._subclass:
            shutil.copy(self._subclass, apps)
        home_assistant = self._home_assistant
        options = textwrap.indent(yaml.safe_dump(dict(self._options)), "  ") if self._options else ""
        configuration = _CONFIGURATION.format(
            time_zone=TIME_ZONE, options=options, home_assistant=home_assistant.url, url=self.url
        )
        (self.folder / "appdaemon.yaml").write_text(configuration, encoding="utf-8")
        secrets = self.folder / "secrets.yaml"
        secrets.touch(mode=0o600)
        content = {
            "enphase_email": EMAIL,
            "enphase_password": PASSWORD,
            "home_assistant_token": home_assistant.token,
        }
        secrets.write_text(yaml.safe_dump(content), encoding="utf-8")

    async def _connected(self) -> bool:
        return _READY in self.process.output()
