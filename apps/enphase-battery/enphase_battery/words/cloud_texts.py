"""What is said of the cloud itself and of the sign-in: the part of :mod:`.texts` that no control has to do with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..control.reason import Kind

_Values = Mapping[str, Any]

Text = str | Callable[[_Values], str]
"""A template, or what makes a text of values."""

_TLS = "check this machine's clock"
_ANEW = "look at the code again, or have another one sent with `command: otp_resend`"
_START_FOR_A_CODE = (
    "start the app: it asks for a code of its own, and takes it by `command: otp`; one that came now is void"
)


def _unreachable(values: _Values) -> str:
    return f"cloud unreachable since {values['since']}" if "since" in values else str(values["detail"])


def _budget(values: _Values) -> str:
    return f"request budget, next at {values['at']}" if "at" in values else str(values["detail"])


def _limited(values: _Values) -> str:
    return f"the cloud asks to wait until {values['at']}" if "at" in values else str(values["detail"])


def _refused_times(values: _Values, said: str) -> str:
    times = values.get("times", 1)
    return f"{said} {times} times" if times > 1 else said


CLOUD_TEXTS: Mapping[Kind, tuple[Text, Text]] = {
    # the cloud, out of reach or refusing
    Kind.CLOUD_UNREACHABLE: (_unreachable, lambda values: _TLS if values.get("unsafe") else ""),
    Kind.CONNECTION_UNSAFE: ("{request}: no safe connection ({error})", _TLS),
    Kind.RATE_LIMITED: (_limited, ""),
    Kind.REQUEST_BUDGET: (_budget, ""),
    Kind.REFUSED: ("{detail}", ""),
    Kind.FORBIDDEN: ("{detail}", "check in the Enphase app that this account may change the battery's settings"),
    Kind.NOT_AVAILABLE: ("{detail}", ""),
    Kind.CONFLICT: ("{detail}", ""),
    Kind.UNEXPECTED_ANSWER: ("{detail}", ""),
    Kind.SESSION_REJECTED: ("{detail}", ""),
    Kind.SITE_NOT_FOUND: ("no site was found on the account", "configure site_id"),
    Kind.USER_NOT_FOUND: ("the cloud does not say the user id", "configure user_id"),
    Kind.SITE_ID_WRONG: ("the configured {name} must consist of digits", "correct {name} in apps.yaml"),
    Kind.SITE_AMBIGUOUS: ("the account has several sites: {sites}", "set site_id to one of them"),
    Kind.NOTHING_TO_CONTROL: (
        "this site has AC Batteries only, which nobody can control",
        "set site_id, if another site of the account was meant; else the app is of no use here",
    ),
    Kind.SITE_CHANGED: ("the account leads to another site than before; the app restarts with that one", ""),
    # the sign-in
    Kind.SIGN_IN_FAILED: ("{detail}", ""),
    Kind.SIGN_IN_REFUSED: (
        lambda values: _refused_times(values, "the cloud refused to sign the account in"),
        "correct email or password and restart AppDaemon, or wait",
    ),
    Kind.SIGN_IN_WAITS_FOR_CODE: (
        lambda values: _refused_times(values, "the cloud asked for the code of the second factor"),
        "wait, then fire the event `enphase_battery_command` with `command: otp_resend`",
    ),
    Kind.SIGN_IN_BLOCKED: (
        lambda values: _refused_times(
            values, "the cloud says that the account is blocked, or has too many active sessions"
        ),
        "see in the Enphase app that the account is well, close other programs that use it, and wait",
    ),
    Kind.SIGN_IN_UNANSWERED: (
        lambda values: _refused_times(
            values, "the cloud did not answer a sign-in, or not in a way that can be understood"
        ),
        "",
    ),
    Kind.SHORT_SESSIONS: (
        "the cloud ends each session soon after its sign-in; maybe another program signs in with this account",
        "close other programs that sign in with this account, or give this app an account of its own",
    ),
    Kind.WRONG_PASSWORD: (
        "the cloud refused e-mail and password",
        "correct email or password, and restart AppDaemon",  # which reads secrets.yaml only once
    ),
    Kind.CODE_WANTED: (
        "the account asks for the code of the second factor",
        (
            "run `script.enphase_battery_enter_code` with it, or fire the event `enphase_battery_command` (Developer "
            'tools, Events) with `command: otp` and `code: "123456"`; for another code with `command: otp_resend`'
        ),
    ),
    Kind.CODE_REFUSED: ("the cloud refused the code: it is wrong or too old", _ANEW),
    Kind.CODE_MALFORMED: ("that is no code: it must be 4 to 12 digits or letters", _ANEW),
    Kind.TOO_MANY_CODES: ("the cloud takes no more codes for now", "wait an hour, then ask for another code"),
    Kind.CODE_JUST_SENT: ("a code was sent a moment ago", ""),
    Kind.CODES_UNUSED: ("many codes were sent, and nobody used one", ""),
    Kind.NO_CODE_WANTED: ("no code is asked for", ""),
    Kind.ACCOUNT_BLOCKED: (
        "the cloud says that the account is blocked",
        "sign in with the Enphase app, or ask Enphase's support",
    ),
    Kind.TOO_MANY_SESSIONS: (
        "the cloud says that the account has too many active sessions",
        "close other programs that use this account; the next sign-in is in 24 hours",
    ),
    Kind.BORROWED_SESSION_ENDED: ("the session that the app keeps is not taken any more", _START_FOR_A_CODE),
    Kind.CODE_FOR_THE_APP: ("the account asks for the code of the second factor", _START_FOR_A_CODE),
    Kind.NO_SIGN_IN_BEFORE: (lambda values: f"{values['error']}; no sign-in before {values['at']}", "{error_hint}"),
}

NEXT_TRY_IS_TOLD = frozenset(
    {
        *(Kind.SIGN_IN_FAILED, Kind.SIGN_IN_REFUSED, Kind.SIGN_IN_WAITS_FOR_CODE, Kind.SIGN_IN_BLOCKED),
        *(Kind.SIGN_IN_UNANSWERED, Kind.SHORT_SESSIONS, Kind.WRONG_PASSWORD, Kind.CODE_WANTED, Kind.CODE_REFUSED),
        *(Kind.CODE_MALFORMED, Kind.TOO_MANY_CODES, Kind.CODE_JUST_SENT, Kind.CODES_UNUSED, Kind.NO_CODE_WANTED),
        *(Kind.ACCOUNT_BLOCKED, Kind.TOO_MANY_SESSIONS),
    }
)
"""Whose end is that of the login guard: from then on a sign-in is allowed."""
