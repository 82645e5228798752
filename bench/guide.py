"""The way of the REST guide for discharge to grid, in Home Assistant itself: validate, wait a second, write.

As its README of September 2025 has it: two `rest_command`s with their headers, and a script with a fixed delay of one
second. What differs: the token stands in a sensor without the shell script that fetches it, and a browser's
`User-Agent` goes along, because the simulator refuses Home Assistant's own.
"""

from __future__ import annotations

import aiohttp

from bench.cloud import Cloud
from demo.home_assistant import HomeAssistant
from demo.websocket import HomeAssistantSocket
from simulator import SITE_ID, USER_ID

DELAY = 1.0
"""Seconds between validation and write."""

_SENSOR = "sensor.guide_jwt"
_SCRIPT = "guide_discharge"

_PACKAGE = """\
rest_command:
  guide_validate:
    url: "{url}/service/batteryConfig/api/v1/battery/sites/{site}/schedules/isValid"
    method: post
    headers: &headers
      content-type: application/json
      e-auth-token: "{{{{ state_attr('{sensor}', 'token') }}}}"
      username: "{user}"
      origin: https://battery-profile-ui.enphaseenergy.com
      referer: https://battery-profile-ui.enphaseenergy.com/
      user-agent: Mozilla/5.0
    payload: '{{"scheduleType":"dtg"}}'
  guide_write:
    url: "{url}/service/batteryConfig/api/v1/batterySettings/{site}?userId={user}&source=enho"
    method: put
    headers: *headers
    payload: '{{"dtgControl":{{"enabled":{{{{ discharge }}}}}}}}'
script:
  {script}:
    fields:
      discharge: {{required: true}}
    sequence:
      - action: rest_command.guide_validate
      - delay: {{seconds: {delay}}}
      - action: rest_command.guide_write
        data:
          discharge: "{{{{ discharge | lower }}}}"
"""


def package(url: str) -> str:
    """Return it as a package of Home Assistant for the cloud at `url`."""
    return _PACKAGE.format(url=url, site=SITE_ID, user=USER_ID, sensor=_SENSOR, script=_SCRIPT, delay=DELAY)


async def sign_in(home_assistant: HomeAssistant, cloud: Cloud) -> None:
    """Put a living token into the sensor: the one that the app was last seen to send.

    Raises:
        LookupError: It has sent none.
    """
    sent = (request.header("e-auth-token") for request in reversed(cloud.asked))
    token = next((one for one in sent if one), None)
    if token is None:
        raise LookupError("the app has sent no token yet")
    state = {"state": "OK", "attributes": {"token": token}}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {home_assistant.token}"}) as session,
        session.post(f"{home_assistant.url}/api/states/{_SENSOR}", json=state, raise_for_status=True) as answer,
    ):
        await answer.read()


async def wish(home: HomeAssistantSocket, on: bool) -> None:
    """Run the script to its end."""
    await home.call_service("script", _SCRIPT, discharge=on)
