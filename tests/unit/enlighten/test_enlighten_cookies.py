"""Which cookies are kept, and where they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from yarl import URL

from enphase_battery.enlighten.cookies import (
    LONGEST_COOKIE,
    LONGEST_OF_ALL,
    MOST_COOKIES,
    Cookie,
    CookieJar,
    parse_set_cookie,
)
from tests.unit.enlighten.stand_in import NOW

SITE = URL("https://enlighten.enphaseenergy.com/app/page")


def jar(*lines: str, url: URL = SITE) -> CookieJar:
    made = CookieJar()
    made.put((cookie for line in lines if (cookie := parse_set_cookie(line, url, NOW)) is not None), NOW)
    return made


@pytest.mark.parametrize("value", ["plain", '"quoted"', "a%3D%2Fb==", "with space", '{"a":1}', "", "ü"])
def test_values_are_sent_exactly_as_they_came(value: str) -> None:
    assert jar(f"n={value}; Path=/").header(SITE, NOW) == f"n={value}"


def test_a_host_only_cookie_is_for_that_host() -> None:
    for host in ("enlighten.enphaseenergy.com", "127.0.0.1", "localhost", "[::1]"):
        url = URL(f"https://{host}/")
        assert jar("n=v", url=url).header(url, NOW) == "n=v"
        assert jar("n=v", url=url).header(URL("https://battery.enlighten.enphaseenergy.com/"), NOW) == ""


def test_a_domain_cookie_is_for_all_below() -> None:
    cookies = jar("n=v; Domain=.EnphaseEnergy.com; Path=/")
    assert cookies.header(URL("https://api.enphaseenergy.com/"), NOW) == "n=v"
    assert cookies.header(URL("https://notenphaseenergy.com/"), NOW) == ""


@pytest.mark.parametrize("domain", ["example.org", "com", "sub.enlighten.enphaseenergy.com", "ten.enphaseenergy.com"])
def test_cookies_for_foreign_domains_are_not_taken(domain: str) -> None:
    assert list(jar(f"n=v; Domain={domain}")) == []


@pytest.mark.parametrize("line", ["", "novalue", "=v", "; Path=/"])
def test_malformed_lines_are_not_taken(line: str) -> None:
    assert list(jar(line)) == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/app", True), ("/app/", True), ("/app/page", True), ("/ap", False), ("/app/page/x", False), ("", True)],
)
def test_paths_are_kept_to(path: str, sent: bool) -> None:
    assert (jar(f"n=v; Path={path}").header(SITE, NOW) == "n=v") is sent


def test_longer_paths_come_first() -> None:
    assert jar("n=short; Path=/", "n=long; Path=/app").header(SITE, NOW) == "n=long; n=short"


def test_secure_cookies_stay_off_plain_http_but_for_this_machine() -> None:
    plain = URL("http://enlighten.enphaseenergy.com/app/page")
    assert jar("n=v; Secure").header(plain, NOW) == ""
    assert jar("n=v; Secure").header(SITE, NOW) == "n=v"
    loopback = URL("http://127.0.0.1:8080/")
    assert jar("n=v; secure", url=loopback).header(loopback, NOW) == "n=v"


@pytest.mark.parametrize(
    ("attributes", "end"),
    [
        ("Max-Age=60", NOW + timedelta(seconds=60)),
        ("Max-Age=60; Expires=Tue, 01 Sep 2026 13:00:00 GMT", NOW + timedelta(seconds=60)),
        ("Expires=Tue, 01-Sep-2026 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("Expires=Tue, 01 Sep 2026 13:00:00 -0000", NOW + timedelta(hours=1)),
        ("Max-Age=soon; Expires=later", None),
        ("Max-Age=99999999999999999999", None),
        ("HttpOnly", None),
    ],
)
def test_the_end_of_a_cookie(attributes: str, end: datetime | None) -> None:
    (cookie,) = jar(f"n=v; {attributes}")
    assert cookie.expires_at == end


def test_a_cookie_that_is_over_is_not_sent() -> None:
    cookies = jar("n=v; Max-Age=60")
    assert cookies.header(SITE, NOW + timedelta(seconds=59)) == "n=v"
    assert cookies.header(SITE, NOW + timedelta(seconds=60)) == ""


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
def test_the_server_can_delete_a_cookie(end: str) -> None:
    assert list(jar("n=v; Path=/", f"n=; Path=/; {end}")) == []


def test_the_newest_of_the_same_name_counts() -> None:
    cookies = jar("n=old; Path=/", "n=new; Path=/")
    assert cookies.header(SITE, NOW) == "n=new"
    assert cookies.value("other", "n") == "new"
    assert cookies.value("other") is None


def test_values_are_not_shown() -> None:
    (cookie,) = jar("n=hush")
    assert "hush" not in repr(cookie)


def test_an_end_without_a_zone_is_utc() -> None:
    (cookie,) = jar("n=v; Expires=Tue, 01 Sep 2026 13:00:00")
    assert cookie.expires_at == datetime(2026, 9, 1, 13, tzinfo=timezone.utc)


def cookie(name: str, size: int = 30, path: str = "/") -> Cookie:
    return Cookie(name, "v" * size, domain="enlighten.enphaseenergy.com", host_only=True, path=path)


@pytest.mark.parametrize("size", [0, 30, 1_000, 3_000])
def test_however_many_cookies_come_the_header_stays_short_and_the_sign_in_stays(size: int) -> None:
    mine = [cookie("_enlighten_4_session", 1_000), cookie("enlighten_manager_token_production", 2_000)]
    made = CookieJar(mine)
    for number in range(500):
        made.put([cookie(f"probe_{number}", size)], NOW)
        assert len(list(made)) <= MOST_COOKIES
        assert len(made.header(SITE, NOW)) <= LONGEST_OF_ALL
        assert set(mine) < set(made)
    names = [one.name for one in made if one not in mine]
    assert names == [f"probe_{number}" for number in range(500 - len(names), 500)], "the newest stay"


def test_nor_do_known_names_at_many_paths_grow_without_bound() -> None:
    made = CookieJar()
    for number in range(500):
        made.put([cookie("_enlighten_4_session", 100, path=f"/{number}")], NOW)
    assert len(list(made)) == MOST_COOKIES


def test_what_is_set_again_is_the_newest() -> None:
    made = CookieJar()
    for number in range(500):
        made.put([cookie("kept"), cookie(f"probe_{number}")], NOW)
    assert made.find("kept") is not None


def test_a_jar_that_an_older_version_let_grow_is_cut_when_it_is_read() -> None:
    made = CookieJar([cookie("_enlighten_4_session"), *(cookie(f"probe_{number}") for number in range(5_000))])
    assert len(list(made)) == MOST_COOKIES
    assert made.find("_enlighten_4_session") is not None


def test_a_cookie_that_is_too_long_is_not_taken() -> None:
    longest = f"n={'v' * (LONGEST_COOKIE - 2)}"
    assert [one.size for one in jar(longest)] == [LONGEST_COOKIE + 2]
    assert list(jar(f"{longest}v")) == []
