"""The cloud's HTML: the login page, which is also the login wall, and the site's page."""

from __future__ import annotations

from ..credentials.sessions import SESSION_COOKIE
from ..credentials.xsrf import XSRF_COOKIE
from ..wire import Response, as_html
from ..world import World

_PADDING = "<!-- " + "enlighten " * 3000 + "-->"  # the real wall is about 30 kB (section 2.8)
_LOGIN = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<title>Enphase Enlighten - login (https://enlighten.enphaseenergy.com)</title>
<script>window.OptanonWrapper = function () {}; var otLang = "en";</script>
</head>
<body>
<p class="notice">%(notice)s</p>
<form action="/login/login" accept-charset="UTF-8" method="post">
<input name="utf8" type="hidden" value="&#x2713;" />
<input type="hidden" name="authenticity_token" value="%(token)s" />
<input type="email" name="user[email]" /> <input type="password" name="user[password]" />
<input type="submit" value="Sign In" />
</form>
%(padding)s
</body>
</html>
"""


MAINTENANCE_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Scheduled maintenance</title></head>
<body><h1>We'll be back soon</h1><p>Our systems are being updated. Please try again later.</p></body>
</html>
"""
"""Without any sign of a login (statement 75)."""
ERROR_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr></body>
</html>
"""


def login_page(world: World, notice: str = "") -> Response:
    """Show the login form; begins an anonymous session (statement 1)."""
    cookie, session = world.sessions.open()
    page = as_html(_LOGIN % {"token": session.authenticity_token, "notice": notice, "padding": ""})
    return page.with_cookie(SESSION_COOKIE, cookie, http_only=True)


def otp_page() -> Response:
    """Show where a browser is asked for the second factor."""
    return as_html(
        "<!DOCTYPE html>\n<html><head><title>Enter the verification code</title></head><body></body></html>\n"
    )


def login_wall(world: World) -> Response:
    """Answer 200 with a login page where JSON was asked for (section 2.8, statements 20 and 21)."""
    page = as_html(_LOGIN % {"token": world.sessions.stray_cookie(), "notice": "", "padding": _PADDING})
    if world.switches.wall_content_type == "json":
        page = Response(body=page.body)
    page = page.with_cookie(SESSION_COOKIE, world.sessions.stray_cookie(), http_only=True)
    return page.with_cookie(XSRF_COOKIE, world.xsrf.stray_cookie())


def site_page(site_id: str) -> Response:
    """Show where a browser ends after its login."""
    return as_html(f"<!DOCTYPE html>\n<html><head><title>Site {site_id}</title></head><body></body></html>\n")
