"""Who may call the battery service: the rules of each era (section 5, statements 17 to 27)."""

from __future__ import annotations

from ..account import SITE_ID, USER_ID
from ..answers.html_pages import login_wall
from ..answers.refusals import spring_error
from ..credentials.sessions import MANAGER_COOKIE, SESSION_COOKIE, Session
from ..wire import RefusedError, Request, as_text
from ..world import World

_ORIGIN = "https://battery-profile-ui.enphaseenergy.com"
_SAFE = frozenset({"GET"})


def admit(world: World, request: Request) -> str:
    """Return the key of the caller, or raise RefusedError. XSRF is not looked at here."""
    origin = request.header("origin")
    if request.method == "DELETE" or (request.method not in _SAFE and origin not in {"", _ORIGIN}):
        raise RefusedError(as_text("Invalid CORS request", 403))  # statements 24 and 57
    _check_header_set(world, request)
    session = _session(world, request) if world.era.needs_jar else world.sessions.known(request.cookie(SESSION_COOKIE))
    _check_jwt(world, request)
    _check_shape(world, request)
    if site_of(request) != str(SITE_ID) or request.query.get("userId", str(USER_ID)) != str(USER_ID):
        raise RefusedError(spring_error(world, request, 403))
    return session.key if session is not None and session.logged_in else "account"


def check_xsrf(world: World, caller: str, request: Request) -> None:
    """Raise RefusedError for a POST or PUT without a valid XSRF token (statements 27 and 28), or of a wrong shape."""
    if request.method in _SAFE:
        return
    if not world.era.needs_xsrf or world.xsrf.accepts(caller, request):
        if world.switches.write_shape == "cookie_eauth":
            _check_cookie_eauth(world, request)
        return
    refusal = spring_error(world, request, 403)
    asks_first = request.path.endswith("/isValid") and not request.header("x-xsrf-token")
    if asks_first and world.switches.region != "emea":
        refusal = world.xsrf.issue(caller, refusal, with_header=False)
    raise RefusedError(refusal)


def living_session(world: World, request: Request) -> Session | None:
    """Return the logged-in session of the request's cookie."""
    session = world.sessions.find(request.cookie(SESSION_COOKIE))
    return session if session is not None and session.logged_in else None


def site_of(request: Request) -> str:
    """Return the site id in a battery path: its only part of digits."""
    return next((part for part in request.path.split("/") if part.isdigit()), "")


def _check_header_set(world: World, request: Request) -> None:
    """Refuse the headers that a site does not want to see (C7, C9): the wrong variant of section 5."""
    refuses = world.switches.e_auth
    concerned = refuses == "refused" or (refuses == "refused_reads" and request.method in _SAFE)
    if concerned and request.header("e-auth-token"):
        raise RefusedError(login_wall(world))
    if world.switches.jar == "refused" and request.header("cookie"):
        raise RefusedError(spring_error(world, request, 403))


def _check_cookie_eauth(world: World, request: Request) -> None:
    """Raise RefusedError for a write that is not variant D (section 5): the jar, and the manager token in it."""
    token = request.cookie(MANAGER_COOKIE)
    is_script = request.header("x-requested-with") == "XMLHttpRequest" and not request.header("authorization")
    is_own = world.signer.is_own(token) and request.header("e-auth-token") == token
    if not (is_script and is_own and request.cookie(SESSION_COOKIE)):
        raise RefusedError(spring_error(world, request, 403))
    if living_session(world, request) is None:
        raise RefusedError(spring_error(world, request, 401))


def _session(world: World, request: Request) -> Session:
    """Statements 17, 18 and 20: an incomplete jar is refused, a dead session is walled."""
    if not request.cookie(SESSION_COOKIE) or not world.signer.is_own(request.cookie(MANAGER_COOKIE)):
        raise RefusedError(spring_error(world, request, int(world.switches.jwt_only_status)))
    session = living_session(world, request)
    if session is None:
        wall = request.method in _SAFE
        raise RefusedError(login_wall(world) if wall else spring_error(world, request, 401))
    return session


def _check_jwt(world: World, request: Request) -> None:
    """Statement 19: `e-auth-token` may be missing where the jar is enough, but what is sent must be alive."""
    token = request.header("e-auth-token")
    if not token and not world.era.needs_jwt:
        return
    if not token:
        raise RefusedError(spring_error(world, request, world.era.missing_jwt))
    if not world.signer.is_living(token, world.cloud_time()):
        raise RefusedError(spring_error(world, request, 401))


def _check_shape(world: World, request: Request) -> None:
    """Statements 19 and 25: `Username` always; Origin and Referer where the jar is asked for."""
    good = request.header("username") == str(USER_ID)
    if world.era.needs_jar:
        good = good and request.header("origin") == _ORIGIN and request.header("referer").startswith(_ORIGIN)
    if not good:
        walled = world.switches.refused_shape == "wall"
        raise RefusedError(login_wall(world) if walled else spring_error(world, request, 403))
