"""Which paths the debug log shows: those of own requests but for their ids, and nothing of where they are led."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from pathlib import Path

import pytest

from enphase_battery.enlighten.address import masked, told
from tests.lab.lab import lab

START = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
PLACES = (
    "/service/batteryConfig/login;jsessionid=SeCrEt0123456789ABCDEF",
    "/users/sso/eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.SeCrEtSignature",
    "/login/SeCrEt",
    "/SeCrEt?token=SeCrEt#SeCrEt",
    "https://SeCrEt.example.com/SeCrEt",
)


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_of_where_a_redirect_leads_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    caplog.set_level(logging.DEBUG)
    async with lab(tmp_path, start=START, app={"log_level": "DEBUG"}) as one:
        logging.getLogger("AppDaemon.enphase_battery").setLevel(logging.DEBUG)
        redirect = {"match": "GET /service", "status": 302, "headers": {"Location": place}, "times": 2}
        one.cloud.set(fault_script=[redirect])
        await one.advance(minutes=31)
        assert "-> 302" in caplog.text
        assert "SeCrEt" not in caplog.text
        assert "SeCrEt" not in repr(one.ha.states)


@pytest.mark.parametrize("era", ["2025-07", "2026-07"])
async def test_the_paths_of_own_requests_are_told_in_full(tmp_path: Path, era: str) -> None:
    async with lab(tmp_path, start=START, switches={"auth_era": era}) as one:
        for state in ("on", "off"):
            await one.command(command="set", control="discharge_to_grid", state=state, duration="00:10:00")
            await one.command(command="set", control="charge_from_grid", state=state)
            await one.advance(minutes=20)
        paths = {str(request["path"]) for request in one.cloud.requests()}
        assert len(paths) > 5
        assert {told(path) for path in paths} == {masked(path) for path in paths}
