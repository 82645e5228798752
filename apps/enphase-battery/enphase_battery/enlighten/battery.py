"""The battery's endpoints as typed calls (sections 6 and 7): one request each.

Order, waits and reading back are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..control.reason import Kind, because
from ..errors import NotAvailable, NotFound, Refused
from .address import BATTERY_CONFIG
from .families import Family
from .fields import flag, identifier, mapping
from .models import BatterySettings, EntryTerms, ScheduleList, WriteForm
from .readings import BatteryStatus, SiteSettings
from .writes import entry_body, switch_body, validation_body

if TYPE_CHECKING:
    from .identity import Identity
    from .reply import Answer
    from .session import EnlightenSession

_NO_OTHERS: Mapping[Family, bool] = MappingProxyType({})


class Battery:
    """The battery of one site.

    Every call raises what :meth:`EnlightenSession.request` raises; more is said where there is more. HTTP 200 proves
    nothing about a write (10.2): read it back. What wishes need to read takes `wish`: whether it is read for one.

    Args:
        session: Asked.
        identity: The site and the user.
    """

    def __init__(self, session: EnlightenSession, identity: Identity) -> None:
        self._session = session
        self._user_id = identity.user_id
        self._user = {"userId": identity.user_id}
        self._settings = f"{BATTERY_CONFIG}/batterySettings/{identity.site_id}"
        self._accept = f"{BATTERY_CONFIG}/batterySettings/acceptDisclaimer/{identity.site_id}"
        self._schedules = f"{BATTERY_CONFIG}/battery/sites/{identity.site_id}/schedules"
        self._site_settings = f"{BATTERY_CONFIG}/siteSettings/{identity.site_id}"
        self._status = f"/pv/settings/{identity.site_id}/battery_status.json"

    async def settings(self, *, wish: bool = False) -> BatterySettings:
        """The switches and what stands beside them (6.3)."""
        return BatterySettings.parse(await self._read(self._settings, {"source": "enlm", **self._user}, wish=wish))

    async def schedules(self, *, wish: bool = False) -> ScheduleList:
        """The schedule list (6.8).

        Raises:
            NotAvailable: The site works with switches only.
        """
        return ScheduleList.parse(await self._read(self._schedules, {}, wish=wish))

    async def status(self) -> BatteryStatus:
        """State of charge and the battery's last report (7.1)."""
        return BatteryStatus.parse(await self._read(self._status, {}, wish=False))

    async def site_settings(self) -> SiteSettings:
        """Time zone, permissions, grid agreement (6.1)."""
        return SiteSettings.parse(await self._read(self._site_settings, self._user, wish=False))

    async def validate(self, family: Family, *, schedule: bool | None = None) -> None:
        """Asks whether the family may be switched, as the web app does before each write (6.9, S1 of 10.2).

        Args:
            family: To be switched.
            schedule: As in :meth:`write_switch`; it is asked whether the schedule may be in force, but for False.

        Raises:
            ValueError: `schedule` is given for another family than CFG.
            Refused: The cloud says no.
            Forbidden: Refused on this site even with a fresh XSRF token; go on without.
            NotAvailable: This site does not have it; go on without.
        """
        answer = await self._write(
            "POST",
            f"{self._schedules}/isValid",
            {},
            validation_body(family, schedule),
            optional=True,
            question=True,
        )
        if flag(mapping(answer.json).get("isValid")) is False:
            raise Refused(because(Kind.SWITCH_NOT_TAKEN, family=family.value))

    async def accept_itc_disclaimer(self) -> None:
        """Accepts the disclaimer that charging from the grid asks for (6.4). A site without the endpoint needs none.

        Raises:
            Forbidden: Refused, also with a fresh XSRF token.
        """
        try:
            await self._write("POST", self._accept, {}, {"disclaimer-type": "itc"}, optional=True)
        except NotAvailable:
            return

    async def write_switch(
        self,
        family: Family,
        on: bool,
        *,
        form: WriteForm,
        settings: BatterySettings,
        disclaimer: str | bool | None = None,
        others: Mapping[Family, bool] = _NO_OTHERS,
        schedule: bool | None = None,
    ) -> None:
        """Switches one family (6.3).

        Args:
            family: Whose switch.
            on: Its new value.
            form: How; see :class:`WriteForm`.
            settings: A read as fresh as may be, for the bodies of `MERGED` and `RICH` and a disable's disclaimer.
            disclaimer: `acceptedItcDisclaimer` to send along when CFG goes on: the time of acceptance, or True.
            others: For `MERGED`: switches of other families that the read may show wrongly, because it is old.
            schedule: `chargeFromGridScheduleEnabled`, CFG's second flag: True sends it along; False is the disable that
                has to follow the delete of CFG's last entry (S9 of 10.2); None leaves it to the cloud.

        Raises:
            ValueError: `schedule` is given for another family than CFG.
        """
        body = switch_body(
            family, on, form=form, settings=settings, disclaimer=disclaimer, others=others, schedule=schedule
        )
        source = {"source": "enho"} if form is WriteForm.SHORT else {}
        await self._write("PUT", self._settings, {**self._user, **source}, body)

    async def create_entry(self, terms: EntryTerms) -> None:
        """Makes an entry (6.8). It does nothing before the family's switch is written (S2 of 10.2).

        The answer says nothing of use (C22): the entry's id is found by reading the list.

        Raises:
            Conflict: It overlaps an entry of any family.
            ValueError: The cloud cannot be told these terms.
        """
        await self._write("POST", self._schedules, {}, entry_body(terms))

    async def update_entry(self, schedule_id: str, terms: EntryTerms) -> None:
        """Gives an entry other terms, all at once (6.8). It has to be applied anew, as after :meth:`create_entry`.

        Raises:
            Conflict: It would overlap another entry of any family.
            NotFound: It is gone.
            ValueError: The cloud cannot be told these terms, or the id is none.
        """
        await self._write("PUT", self._entry(schedule_id), {}, entry_body(terms))

    async def delete_entry(self, schedule_id: str) -> None:
        """Deletes an entry (6.8); one that is gone already is fine. The verb DELETE would be refused (C23).

        Raises:
            ValueError: The id is none.
        """
        try:
            await self._write("POST", f"{self._entry(schedule_id)}/delete", {}, {})
        except NotFound:
            return

    def _entry(self, schedule_id: str) -> str:
        if identifier(schedule_id) is None:
            raise ValueError("schedule_id must be letters, digits, - and _: it stands in a path")
        return f"{self._schedules}/{schedule_id}"

    async def _read(self, path: str, params: Mapping[str, str], *, wish: bool) -> object:
        return (await self._session.request("GET", path, params=params, username=self._user_id, wish=wish)).json

    async def _write(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: object,
        *,
        optional: bool = False,
        question: bool = False,
    ) -> Answer:
        return await self._session.request(
            method,
            path,
            params=params,
            body=body,
            username=self._user_id,
            xsrf_from=self._settings,
            wish=True,
            optional=optional,
            question=question,
        )
