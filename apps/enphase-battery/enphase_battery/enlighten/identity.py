"""Finds the two ids that battery calls need, by themselves or as configured (section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..control.reason import Kind, because
from ..errors import Forbidden, NotAvailable, Refused, SiteAmbiguous, SiteNotFound, UnexpectedAnswer
from .fields import digits, mapping, objects, text
from .login import site_in_path

if TYPE_CHECKING:
    from .session import EnlightenSession

_NOT_THIS_WAY = (Forbidden, NotAvailable, Refused, UnexpectedAnswer)
_SITE_IDS = ("site_id", "siteId", "id", "system_id")
_SITE_NAMES = ("name", "site_name", "siteName", "title", "displayName", "display_name")
_NAME_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Identity:
    """Site and user: digits only, so that they can stand in a path.

    Attributes:
        site_id: The site, also called battery id or system id.
        user_id: The user, for `userId` and `Username`.
        site_name: What its owner calls the site; empty where that was not read.

    Raises:
        ValueError: One of them is not digits only.
    """

    site_id: str
    user_id: str
    site_name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if digits(self.site_id) != self.site_id or digits(self.user_id) != self.user_id:
            raise ValueError("site_id and user_id must consist of digits")


@dataclass(frozen=True, slots=True)
class _Site:
    site_id: str
    name: str
    user_id: str | None


async def find_identity(session: EnlightenSession, *, site_id: str | None, user_id: str | None) -> Identity:
    """Finds what is not configured; what is configured wins.

    The site: the account's site list, what the sign-in named, the address that the start page leads to. The user: the
    token, the site's bootstrap document, the site list.

    Nothing works without it, so it may use the part of the budget that is kept for wishes.

    Args:
        session: Asked; signs in if it has to.
        site_id: As configured, or None.
        user_id: As configured, or None.

    Raises:
        SiteAmbiguous: Several sites on the account and none configured.
        SiteNotFound: No site, or no user; or a configured id is not digits only.
        SignInError: The session cannot be had.
        SessionRejected: The session is not taken.
        Unreachable: No answer.
    """
    for name, configured in (("site_id", site_id), ("user_id", user_id)):
        if configured is not None and digits(configured) != configured:
            raise SiteNotFound(because(Kind.SITE_ID_WRONG, name=name))
    site = await _find_site(session) if site_id is None else _Site(site_id, name="", user_id=None)
    user = user_id or (session.token and session.token.user_id) or await _user_of(session, site)
    if user is None:
        raise SiteNotFound(because(Kind.USER_NOT_FOUND))
    return Identity(site.site_id, user, site.name)


async def _find_site(session: EnlightenSession) -> _Site:
    sites = await _list_sites(session)
    if len(sites) > 1:
        listed = ", ".join(f"{site.site_id} ({site.name})" for site in sites)
        raise SiteAmbiguous(because(Kind.SITE_AMBIGUOUS, sites=listed))
    if sites:
        return sites[0]
    site_id = session.site_id or await _site_of_start_page(session)
    if site_id is None:
        raise SiteNotFound
    return _Site(site_id, name="", user_id=None)


async def _list_sites(session: EnlightenSession) -> tuple[_Site, ...]:
    """The site list (3.1), each site once: the cloud may list one twice."""
    try:
        params = {"searchText": "", "favourite": "false"}
        answer = await session.request("GET", "/app-api/search_sites.json", params=params, wish=True)
    except _NOT_THIS_WAY:
        return ()
    wrapped = mapping(answer.json)
    listed = (answer.json, *(wrapped.get(name) for name in ("sites", "data", "items", "systems", "result", "response")))
    entries = next((found for each in listed if (found := objects(each))), ())
    return tuple({site.site_id: site for site in map(_site, entries) if site is not None}.values())


def _site(entry: Mapping[str, object]) -> _Site | None:
    site_id = next((found for name in _SITE_IDS if (found := digits(entry.get(name)))), None)
    if site_id is None:
        return None
    name = next((found for each in _SITE_NAMES if (found := text(entry.get(each)))), "no name")
    printable = "".join(character for character in name if character.isprintable())[:_NAME_LENGTH]
    return _Site(site_id, name=printable, user_id=digits(entry.get("user_id")) or digits(entry.get("owner_id")))


async def _site_of_start_page(session: EnlightenSession) -> str | None:
    """The start page of an account with one site leads to `/web/<site>` (3.1)."""
    try:
        return site_in_path((await session.request("GET", "/", page=True, wish=True)).path)
    except _NOT_THIS_WAY:
        return None


async def _user_of(session: EnlightenSession, site: _Site) -> str | None:
    """The user id of the site's bootstrap document (3.2), else of the site list."""
    try:
        params = {"app": "1", "device_status": "non_retired", "is_mobile": "0"}
        answer = await session.request("GET", f"/app-api/{site.site_id}/data.json", params=params, wish=True)
    except _NOT_THIS_WAY:
        return site.user_id
    app = mapping(mapping(answer.json).get("app"))
    found = (app.get("userId"), app.get("user_id"), mapping(app.get("user")).get("id"), site.user_id)
    return next((user for each in found if (user := digits(each))), None)
