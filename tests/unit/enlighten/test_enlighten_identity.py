"""Finding site and user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from enphase_battery.enlighten.identity import Identity, find_identity
from enphase_battery.errors import SiteAmbiguous, SiteNotFound, Unreachable
from tests.unit.enlighten.stand_in import SITE, USER, Cloud, Handler, answering, jwt

if TYPE_CHECKING:
    from enphase_battery.enlighten.session import EnlightenSession

SEARCH, BOOTSTRAP = "GET /app-api/search_sites.json", f"GET /app-api/{SITE}/data.json"
LOGIN, MINT = "POST /login/login.json", "GET /users/self/token"
FOUND = Identity(site_id=SITE, user_id=USER)


@pytest.mark.parametrize(
    "body",
    [
        {"sites": [{"id": int(SITE), "title": "Home"}, {"id": int(SITE), "title": "Home"}]},
        [{"site_id": SITE}],
        {"data": [{"siteId": SITE, "name": "\x00"}, {"id": "none"}]},
        {"result": [{"system_id": SITE}]},
    ],
)
async def test_the_only_site_of_the_list_and_the_user_of_the_token(
    session: EnlightenSession, cloud: Cloud, body: object
) -> None:
    cloud.script(SEARCH, answering(body=body))
    assert await find_identity(session, site_id=None, user_id=None) == FOUND
    assert cloud.sent(SEARCH)[0][0].query == {"searchText": "", "favourite": "false"}


async def test_several_sites_are_listed_for_the_user_to_choose(session: EnlightenSession, cloud: Cloud) -> None:
    sites = [{"id": 1, "title": "Home\n"}, {"id": 2, "displayName": "Barn" + "!" * 99}, {"id": 3}]
    cloud.script(SEARCH, answering(body={"sites": sites}))
    with pytest.raises(SiteAmbiguous) as caught:
        await find_identity(session, site_id=None, user_id=None)
    assert str(caught.value) == f"the account has several sites: 1 (Home), 2 (Barn{'!' * 36}), 3 (no name)"
    assert "site_id" in caught.value.hint


async def test_configured_ids_win_and_nothing_is_asked(session: EnlightenSession, cloud: Cloud) -> None:
    assert await find_identity(session, site_id="7", user_id="8") == Identity(site_id="7", user_id="8")
    assert cloud.seen == []


@pytest.mark.parametrize("ids", [("7/../8", None), (None, "me"), ("", None), ("\uff17", None), (" 7", None)])
async def test_configured_ids_must_be_digits(
    session: EnlightenSession, cloud: Cloud, ids: tuple[str | None, str | None]
) -> None:
    with pytest.raises(SiteNotFound, match="digits"):
        await find_identity(session, site_id=ids[0], user_id=ids[1])
    assert cloud.seen == []


@pytest.mark.parametrize("ids", [("7/8", "1"), ("1", "x"), ("", "1")])
def test_an_identity_is_digits(ids: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="digits"):
        Identity(*ids)


@pytest.mark.parametrize("search", [answering(404), answering(body={"sites": []}), answering(403), answering(text="x")])
async def test_the_site_that_the_sign_in_named(session: EnlightenSession, cloud: Cloud, search: Handler) -> None:
    cloud.script(SEARCH, search)
    cloud.script(LOGIN, answering(body={"system_id": SITE}, cookies=(cloud.new_session(),)))
    assert await find_identity(session, site_id=None, user_id=None) == FOUND


async def test_the_site_that_the_start_page_leads_to(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script("GET /", answering(302, Location=f"/web/{SITE}?v=3.4.0"))
    cloud.script(f"GET /web/{SITE}", answering(text="<html>enphaseenergy.com</html>"))
    assert await find_identity(session, site_id=None, user_id=None) == FOUND


@pytest.mark.parametrize("start", [answering(404), answering(text="<html>choose")])
async def test_no_site_anywhere(session: EnlightenSession, cloud: Cloud, start: Handler) -> None:
    cloud.script("GET /", start)
    with pytest.raises(SiteNotFound) as caught:
        await find_identity(session, site_id=None, user_id=None)
    assert "site_id" in caught.value.hint


@pytest.mark.parametrize("app", [{"userId": int(USER)}, {"user_id": USER}, {"user": {"id": int(USER)}}])
async def test_the_user_of_the_bootstrap_document(session: EnlightenSession, cloud: Cloud, app: object) -> None:
    cloud.script(MINT, answering(body={"token": jwt(exp=2e9)}))
    cloud.script(BOOTSTRAP, answering(body={"app": app}))
    assert await find_identity(session, site_id=SITE, user_id=None) == FOUND
    assert cloud.sent(BOOTSTRAP)[0][0].query == {"app": "1", "device_status": "non_retired", "is_mobile": "0"}


@pytest.mark.parametrize("bootstrap", [answering(404), answering(body={"app": None})])
async def test_the_user_of_the_site_list(session: EnlightenSession, cloud: Cloud, bootstrap: Handler) -> None:
    cloud.script(MINT, answering(body={"token": jwt(exp=2e9)}))
    cloud.script(SEARCH, answering(body=[{"id": SITE, "owner_id": USER}]))
    cloud.script(BOOTSTRAP, bootstrap)
    assert await find_identity(session, site_id=None, user_id=None) == FOUND


async def test_no_user_anywhere(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(MINT, answering(body={"token": jwt(exp=2e9)}))
    with pytest.raises(SiteNotFound) as caught:
        await find_identity(session, site_id=SITE, user_id=None)
    assert "user_id" in caught.value.hint


async def test_an_outage_is_not_taken_for_an_empty_account(session: EnlightenSession, cloud: Cloud) -> None:
    cloud.script(SEARCH, answering(503))
    with pytest.raises(Unreachable):
        await find_identity(session, site_id=None, user_id=None)
