"""Sentences for the people at home: what the battery is told to do now and next, and how the sign-in is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from ..control.controls import Control
from ..control.enforcement import Enforced
from ..control.intent import Source
from ..control.reason import Reason
from ..control.verdict import Outcome
from ..control.windows.window import Occurrence
from ..engine.snapshot import ControlReport, Snapshot
from ..enlighten.tokens import TokenStatus
from ..words.reasons import When, sentence
from ..words.texts import OVERRIDES

_UNDONE = {
    Outcome.PENDING: "is not confirmed yet",
    Outcome.FAILED: "did not work",
    Outcome.DRY_RUN: "is only a dry run",
}
_VERDICTS = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.PENDING: "unconfirmed",
    Outcome.FAILED: "failed",
    Outcome.DRY_RUN: "dry run",
}
_NOT_ENFORCED = {
    Enforced.NO: "is switched on, but the battery does not act on it",
    Enforced.UNKNOWN: "is switched on, but nobody knows whether the battery acts on it",
}
_SIGN_IN = {
    TokenStatus.OK: "Signed in.",
    TokenStatus.EXPIRED: "The sign-in has run out and is being renewed.",
    TokenStatus.LOGIN_FAILED: "The app cannot sign in: see the problem.",
    TokenStatus.MFA_REQUIRED: "Enphase has sent you a code: enter it.",
    TokenStatus.BLOCKED: "Enphase lets nobody sign in: see the problem.",
    TokenStatus.UNREACHABLE: "Enphase cannot be reached.",
}
_UNREADABLE = "Enphase cannot be asked now."

_DAYS_BY_NAME = 7
"""A weekday names a day that is nearer than this."""


def control_words(report: ControlReport, readable: bool | None, zone: tzinfo, when: When) -> str:
    """Return in a sentence or two what is so of one control.

    Args:
        report: What is known of it.
        readable: Whether the last try to read the cloud succeeded; None before the first.
        zone: The zone in which times are told.
        when: Puts an instant into words, as reasons have it.
    """
    if readable is False:
        return " ".join((_UNREADABLE, *_wishes([report], zone)))
    if readable is None or report.wanted is None:
        return "Not known yet."
    return _wanted_on(report, zone, when) if report.wanted else _wanted_off(report, zone, when)


def verdict_words(report: ControlReport, readable: bool | None) -> str:
    """Return in two or three words what the cloud holds of a control, and whether that is what was wished."""
    if readable is False:
        return "Cannot be asked"
    if report.shown is None:
        return "Not known yet"
    outcome = report.outcome or Outcome.PENDING
    verdict = _VERDICTS[outcome]
    if outcome is Outcome.CONFIRMED and report.wanted and report.enforced is Enforced.NO:
        verdict = "but idle"
    elif outcome is Outcome.PENDING and report.held_back:
        verdict = "waiting"
    return f"{'On' if report.shown else 'Off'}, {verdict}"


def status_words(snapshot: Snapshot, zone: tzinfo, when: When) -> str:
    """Return in a few sentences what the battery is told to do now, of all controls."""
    if snapshot.readable is None:
        return "Enphase has not been asked yet."
    if not snapshot.readable:
        return " ".join((_UNREADABLE, *_wishes(snapshot.controls, zone)))
    said = [control_words(one, snapshot.readable, zone, when) for one in snapshot.controls if not _is_at_rest(one)]
    return " ".join(said) or _unforced(snapshot)


def _unforced(snapshot: Snapshot) -> str:
    """Return what is so while nothing is wished: that nothing is forced is said only where that is known."""
    switches = snapshot.state.switches
    if any(report.enforced is not Enforced.NO for report in snapshot.controls):
        return "Nothing is wished. Whether the battery is still forced is not known before the gateway reports."
    if switches is not None and switches.override is not None:
        return f"Nothing is wished. {_sentence(OVERRIDES[switches.override], '')[:-1]} decides what the battery does."
    return "Nothing is forced: the battery follows its own profile."


def window_words(occurrence: Occurrence, zone: tzinfo, now: datetime) -> str:
    """Return in a sentence what a window that is still to come will do, on which day, from when until when."""
    window, start, end = occurrence.window, occurrence.start.astimezone(zone), occurrence.end.astimezone(zone)
    ahead = (start.date() - now.astimezone(zone).date()).days
    far = f"on {start:%A}" if ahead < _DAYS_BY_NAME else f"on {start.day} {start:%B}"
    day = {0: "today", 1: "tomorrow"}.get(ahead, far)
    does = _does(window.control, window.target_soc)
    return f"{window.name} {does} {day} from {start:%H:%M} until {end:%H:%M}."


def sign_in_words(status: TokenStatus) -> str:
    """Return in a sentence how the sign-in is, and what to do if anything is to be done."""
    return _SIGN_IN[status]


def reasons_in_words(reasons: Iterable[Reason], when: When) -> str:
    """Return several reasons, joined."""
    return "; ".join(sentence(reason, when) for reason in reasons)


def _wanted_on(report: ControlReport, zone: tzinfo, when: When) -> str:
    why = reasons_in_words(report.reasons, when)
    if report.outcome is Outcome.CONFIRMED and report.enforced is Enforced.YES:
        does = _does(report.control, report.target_soc)
        return _sentence(f"{_subject(report)} {does}{_end(report, zone)}", why, joint=". Note: ")
    outcome = report.outcome or Outcome.PENDING
    undone = "waits" if outcome is Outcome.PENDING and report.held_back else _UNDONE.get(outcome)
    return _sentence(f"{_wish(report, zone)} {undone or _NOT_ENFORCED[report.enforced]}", why)


def _wish(report: ControlReport, zone: tzinfo) -> str:
    """Return what a control is wished to do, without a word on whether it does."""
    subject, doing = _subject(report), _doing(report.control, report.target_soc)
    until = _end(report, zone) if report.until else ""
    return f"{subject}: {doing}{until}" if subject else f"{doing}{until}"


def _wishes(reports: Iterable[ControlReport], zone: tzinfo) -> tuple[str, ...]:
    """Return one sentence with all that is wished to be on; none when nothing is."""
    wished = "; ".join(_wish(report, zone) for report in reports if report.wanted)
    return (f"Wished: {wished}.",) if wished else ()


def _subject(report: ControlReport) -> str:
    """Return who wants it: the window's name, a boost; nobody in particular where it is a standing wish."""
    return report.window if report.source is Source.WINDOW else "A boost" if report.until else ""


def _wanted_off(report: ControlReport, zone: tzinfo, when: When) -> str:
    why = reasons_in_words(report.reasons, when)
    if _is_undone(report):
        return _sentence(f"switching off {_UNDONE[report.outcome or Outcome.PENDING]}", why)
    return _sentence(f"kept off{_end(report, zone)}" if report.until else "off", why)


def _is_at_rest(report: ControlReport) -> bool:
    """Return whether there is nothing to say of a control: it is off, as it was wished for good."""
    return not report.wanted and not report.until and not _is_undone(report)


def _is_undone(report: ControlReport) -> bool:
    """Return whether what is wanted is not so; a dry run that would leave off what is off is none that matters."""
    idle = report.outcome is Outcome.DRY_RUN and not report.wanted and not report.shown
    return report.outcome in _UNDONE and not idle


def _does(control: Control, target: int | None) -> str:
    verbs = control.verbs
    return verbs.does if target is None or not verbs.does_to else verbs.does_to.format(target)


def _doing(control: Control, target: int | None) -> str:
    verbs = control.verbs
    return verbs.doing if target is None or not verbs.doing_to else verbs.doing_to.format(target)


def _end(report: ControlReport, zone: tzinfo) -> str:
    """Return how long it lasts. The end of a timed wish is less than a day away, so its time of day says it all."""
    if report.until is not None:
        return f" until {report.until.astimezone(zone):%H:%M}"
    return ", switched on in the Enphase app" if report.source is Source.CLOUD else " until you switch it off"


def _sentence(text: str, reason: str, joint: str = ": ") -> str:
    """Return a text as a sentence, with the reason if there is one."""
    whole = f"{text}{joint}{reason}" if reason else text
    whole = whole.strip()
    return f"{whole[:1].upper()}{whole[1:].rstrip('.')}."
