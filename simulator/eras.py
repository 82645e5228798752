"""What a battery call had to carry at different dates (section 5, "Timeline of what is enough")."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Era:
    """The rules of one date.

    `needs_jar`: the session and the manager cookie, Origin and Referer; XSRF tokens then belong to the session.
    `needs_jwt`: a living JWT in `e-auth-token`; without one the answer is `missing_jwt`.
    `needs_xsrf`: the double-submit token on POST and PUT.
    `self_token`: `/users/self/token` exists.
    `schedules`: entries exist; without them the switch alone is enforced, and control objects lack `scheduleSupported`.
    `needs_validation`: a settings PUT without an earlier isValid changes nothing.
    """

    needs_jar: bool
    needs_jwt: bool
    missing_jwt: int = 401
    needs_xsrf: bool = True
    self_token: bool = True
    schedules: bool = True
    needs_validation: bool = False


ERAS = {
    "2026-07": Era(needs_jar=True, needs_jwt=False),
    "2026-06": Era(needs_jar=True, needs_jwt=True, missing_jwt=403),
    "2026-03": Era(needs_jar=False, needs_jwt=True, missing_jwt=403),
    "2025-10": Era(needs_jar=False, needs_jwt=True),
    "2025-07": Era(
        needs_jar=False, needs_jwt=True, needs_xsrf=False, self_token=False, schedules=False, needs_validation=True
    ),
}
"""By the name that the switch `auth_era` takes; the first is the default."""


def rules(name: str, *, jar_refused: bool, jwt_required: bool) -> Era:
    """Return an era as the site changes it: where the jar is refused or the JWT required, the JWT must be there."""
    era = ERAS[name]
    if jar_refused or jwt_required:
        era = replace(era, needs_jwt=True, missing_jwt=403, needs_jar=era.needs_jar and not jar_refused)
    return era
