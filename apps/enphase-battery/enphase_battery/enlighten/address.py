"""Where requests may go: the base URL, ids and paths. Nothing of it can be injected."""

from __future__ import annotations

import re
from ipaddress import ip_address

from yarl import URL

from ..errors import ConfigurationError

BATTERY_CONFIG = "/service/batteryConfig/api/v1"
"""Below it lies the battery service (section 6)."""

_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+|/")
_LONGEST = 200  # characters of a path in a line
_ID_SEGMENT = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F-]{32,})(?=/|$)")
_MOST_SEGMENTS = 12
_WORDS = frozenset(
    {
        *("", "service", "batteryConfig", "api", "v1", "app-api", "users", "self", "web", "pv", "systems", "login"),
        *("login.json", "token", "jwt_token.json", "auth_ms_enho", "session", "search_sites.json", "data.json"),
        *("generate_mfa_login_otp", "validate_login_otp", "siteSettings", "batterySettings", "acceptDisclaimer"),
        *("battery", "sites", "schedules", "isValid", "delete", "settings", "battery_status.json"),
    }
)
"""Of which the paths of section 1 consist, as far as the app knows them."""
_MORE_THAN_AN_ORIGIN = "it must be an address without user, path or query"


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine: `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def base_origin(base_url: str) -> URL:
    """The checked base URL, without a trailing slash in its string form.

    Raises:
        ConfigurationError: Not https (http is for a loopback host only), or more than scheme, host and port.
    """
    try:
        url = URL(base_url)
        origin = url.origin()
    except (ValueError, TypeError):
        raise ConfigurationError(("base_url: it must be an address such as https://host",)) from None
    if url.user or url.password or url.path != "/" or url.query_string or url.fragment:
        raise ConfigurationError((f"base_url: {_MORE_THAN_AN_ORIGIN}",))
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ConfigurationError((f"base_url: {origin} must be https; plain http is for a loopback address only",))
    return origin


def checked_path(path: str) -> str:
    """The path, if it is plain.

    Raises:
        ValueError: It holds a query, an escape, an empty or a dotted segment: the caller put something foreign in it.
    """
    if not _PATH.fullmatch(path) or any(set(segment) == {"."} for segment in path.split("/") if segment):
        raise ValueError("a request path must consist of plain segments")
    return path


def masked(path: str) -> str:
    """The path of an own request for logs and messages: site, user and schedule ids become `*`."""
    return _ID_SEGMENT.sub("*", path)[:_LONGEST]


def told(path: str) -> str:
    """Any path for logs and messages: what is no word of an endpoint becomes `*`.

    A redirect may lead anywhere, and hold a session or a token in any place and form.
    """
    segments = path.split("/", _MOST_SEGMENTS)[:_MOST_SEGMENTS]
    return "/".join(segment if segment in _WORDS else "*" for segment in segments)
