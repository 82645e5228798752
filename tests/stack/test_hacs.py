"""What HACS installs works in a real AppDaemon: one folder, called like the repository."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from demo.appdaemon import LEFT_ALONE
from demo.lane import CHECKOUT, LANE
from demo.ports import HOST
from demo.processes import Process, running
from simulator import EMAIL, PASSWORD, Simulator
from tests.stack.minutes import PATIENCE_SECONDS

REPOSITORY = "enphase-battery-for-home-assistant"
"""HACS names the folder after the repository, whatever that is called."""

NEWER = "the newer code of a module two folders deep"

_SETTINGS = {"time_zone": "Europe/London", "latitude": 51.5, "longitude": -0.1, "elevation": 20}


class AloneAppDaemon(Process):
    """An AppDaemon without Home Assistant, which starts its apps at once."""

    def __init__(self, folder: Path) -> None:
        """Run what lies in `folder`."""
        super().__init__("AppDaemon", [LANE.appdaemon / "bin" / "appdaemon", "-c", folder], folder / "appdaemon.log")

    async def reads(self, cloud: Simulator) -> None:
        """Wait until the app has read the site's cloud.

        Raises:
            StartError: it ended, or did not come so far.
        """

        async def has_read() -> bool:
            return any(str(request["path"]).endswith("/schedules") for request in cloud.requests())

        await self.until(has_read, PATIENCE_SECONDS)


def install(folder: Path, url: str, options: Mapping[str, object]) -> Path:
    """Put into AppDaemon's configuration what HACS puts there, and what its owner writes; return the app's folder."""
    apps = folder / "apps"
    (taken,) = (one for one in sorted((CHECKOUT / "apps").iterdir()) if one.is_dir())
    shutil.copytree(taken, apps / REPOSITORY, ignore=shutil.ignore_patterns("__pycache__"))
    account = {"email": EMAIL, "password": PASSWORD, "base_url": url}
    app = {"module": "enphase_battery", "class": "EnphaseBattery", **account}
    (apps / "apps.yaml").write_text(yaml.safe_dump({"my_battery": app}), encoding="utf-8")
    (folder / "appdaemon.yaml").write_text(yaml.safe_dump({"appdaemon": {**_SETTINGS, **options}}), encoding="utf-8")
    return apps / REPOSITORY


@pytest.mark.parametrize("options", [{}, LEFT_ALONE], ids=["looked at", "left alone"])
async def test_the_folder_that_hacs_copies_runs_under_the_repositorys_name(
    tmp_path: Path, options: Mapping[str, object]
) -> None:
    cloud = Simulator()
    async with cloud.serve(HOST) as url:
        install(tmp_path, url, options)
        async with running(AloneAppDaemon(tmp_path)) as appdaemon:
            await appdaemon.reads(cloud)
        said = appdaemon.output()
    assert "signed in to the Enlighten cloud" in said
    assert " ERROR " not in said
    assert (tmp_path / "enphase_battery" / "my_battery.json").is_file(), "an update of HACS would replace it elsewhere"


async def test_a_change_of_the_code_two_folders_deep_is_taken_up(tmp_path: Path) -> None:
    cloud = Simulator()
    async with cloud.serve(HOST) as url:
        app = install(tmp_path, url, options={})
        async with running(AloneAppDaemon(tmp_path)) as appdaemon:
            await appdaemon.reads(cloud)
            cloud.clear_log()
            with (app / "enphase_battery" / "control" / "windows" / "window.py").open("a", encoding="utf-8") as module:
                module.write(f'\nimport logging\n\nlogging.getLogger("AppDaemon").warning("{NEWER}")\n')
            await appdaemon.reads(cloud)
        said = appdaemon.output()
    assert said.count(NEWER) == 1
    assert " ERROR " not in said
