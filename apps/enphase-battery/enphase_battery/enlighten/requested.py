"""What the cloud has taken of the battery settings and the gateway does not report yet (15.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .families import Family
from .fields import flag, mapping, percent

_REQUESTED, _PENDING = "requestedConfig", "pendingGateways"


@dataclass(frozen=True, slots=True)
class Requested:
    """The settings that are on their way to the gateway.

    A member that the cloud leaves out says nothing: whether it tells the whole target or only what changes is not
    known.

    Attributes:
        switches: Switches on their way, by family.
        charge_schedule: `chargeFromGridScheduleEnabled`; None when not said.
        backup_percentage: Reserve, percent; None when not said.
        members: The members themselves, as they would stand at the document's top level.
        is_pending: Whether anything at all is on its way, told here or not.
    """

    switches: Mapping[Family, bool] = field(default_factory=dict)
    charge_schedule: bool | None = None
    backup_percentage: int | None = None
    members: Mapping[str, object] = field(default_factory=dict)
    is_pending: bool = False

    @classmethod
    def parse(cls, settings: Mapping[str, object]) -> Requested:
        """What the battery settings say of it: `requestedConfig` is absent, null or empty when nothing is pending."""
        found = mapping(settings.get(_REQUESTED))
        members = {name: value for name, value in found.items() if name != _PENDING and value is not None}
        switches = {family: on for family in Family if (on := _switch(family, members)) is not None}
        return cls(
            switches=switches,
            charge_schedule=flag(members.get("chargeFromGridScheduleEnabled")),
            backup_percentage=percent(members.get("batteryBackupPercentage")),
            members=members,
            is_pending=bool(members or found.get(_PENDING) or settings.get(_PENDING)),
        )

    def over(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """The document as it will be: what is on its way stands in it, and is not told beside it."""
        kept = {name: value for name, value in settings.items() if name not in (_REQUESTED, _PENDING)}
        return kept | {name: _joined(kept.get(name), value) for name, value in self.members.items()}


def _switch(family: Family, members: Mapping[str, object]) -> bool | None:
    """Whether a family is to be on; None when that is not said."""
    row = family.row
    if row.switch_member is not None:
        return flag(members.get(row.switch_member))
    return flag(mapping(members.get(row.control_member)).get("enabled"))


def _joined(standing: object, coming: object) -> object:
    """A member as it will be: of an object that is told in part, the rest stays."""
    return {**mapping(standing), **coming} if isinstance(coming, Mapping) else coming
