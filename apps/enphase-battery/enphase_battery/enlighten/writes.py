"""The bodies of `PUT batterySettings` (6.3): which members switch a family, in each of the forms that sites need."""

from __future__ import annotations

from collections.abc import Mapping

from .fields import mapping
from .models import BatterySettings, Family, WriteForm

_CONTROL = {Family.DTG: "dtgControl", Family.RBD: "rbdControl"}

_FIRST_RBD_CONTROL = {"show": True, "showDaySchedule": True, "locked": False, "scheduleSupported": True}
"""What an RBD control needs beside `enabled` where the read shows none (6.3, live 2026-04-18)."""


def switch_body(
    family: Family,
    on: bool,
    *,
    form: WriteForm,
    settings: BatterySettings,
    disclaimer: str | bool | None,
    others: Mapping[Family, bool],
) -> dict[str, object]:
    """The JSON body that switches one family.

    CFG members stand at the top level and RBD gets no times: both would be answered with 500 (6.3).

    Args:
        family: Whose switch.
        on: Its new value.
        form: Partial or merged.
        settings: A read, for `MERGED`; untouched.
        disclaimer: `acceptedItcDisclaimer` to send when CFG goes on; None: none.
        others: For `MERGED`: switches of other families that override what the read says.
    """
    if form is not WriteForm.MERGED:
        return _members(family, on, disclaimer, known={})
    body: dict[str, object] = {name: value for name, value in settings.raw.items() if name != "devices"}
    for each, value in {**others, family: on}.items():
        body |= _members(each, value, disclaimer if each is family else None, known=settings.raw)
    return body


def _members(
    family: Family, on: bool, disclaimer: str | bool | None, *, known: Mapping[str, object]
) -> dict[str, object]:
    """The members of one family; `known` is the document that a control object is completed from."""
    if family is Family.CFG:
        accepted = {"acceptedItcDisclaimer": disclaimer} if on and disclaimer else {}
        return {"chargeFromGrid": on, **accepted}
    name = _CONTROL[family]
    control = dict(mapping(known.get(name)))
    if known and not control and family is Family.RBD:
        control = dict(_FIRST_RBD_CONTROL)
    return {name: {**control, "enabled": on}}
