"""What a person, or who helps them, has to know of one app: as a table, and as JSON for the event `diagnose`.

The running app and :mod:`.check` put the same findings together, so that their tables are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from platform import python_version

import pytz

from ..config.configuration import Configuration
from ..config.values import echo, some
from ..control.controls import Control
from ..control.entries import Terms
from ..control.site_state import SiteState
from ..engine.snapshot import ControlReport, Problem, Snapshot
from ..enlighten.condition import Condition
from ..enlighten.identity import Identity
from ..home.internals import appdaemon_version
from ..version import VERSION

MOST_LISTED = 50
"""How many entries of a kind a report names."""

_IDS = re.compile(r"\d{5,}(?: \([^)]*\))?")
"""Ids of sites and users, with the name that may follow."""

_LABEL, _LONGEST = 20, 900  # characters of a line

_AS_GOOD_AS_NONE = timedelta(seconds=5)
"""A difference of clocks that may come from how it is measured."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found at one moment.

    Attributes:
        app: The app's name in apps.yaml.
        configuration: What the user configured.
        condition: How the session stands.
        identity: Site and user; None while they are not known.
        zone: The site's time zone; None while it is not known.
        skew: The cloud's clock minus the own.
        state: What was read of the site last.
        own: What the app's own entries say.
        foreign: What the others say.
        problems: What is wrong, the most important first.
        now: The instant (aware, UTC).
        snapshot: What the running app shows; None: it was not asked.
        access: How the cloud was asked, where that is not as always.
        appdaemon: What is to be said of AppDaemon; empty when there is nothing.
    """

    app: str
    configuration: Configuration
    condition: Condition
    identity: Identity | None
    zone: pytz.BaseTzInfo | None
    skew: timedelta
    state: SiteState
    own: tuple[Terms, ...]
    foreign: tuple[Terms, ...]
    problems: tuple[Problem, ...]
    now: datetime
    snapshot: Snapshot | None = None
    access: str = ""
    appdaemon: str = ""


def as_report(findings: Findings) -> dict[str, object]:
    """Return the findings as JSON without secrets or ids.

    Shape: `{"controls": {<control>: {"shown", "wanted", "outcome", "enforced", "reason", "source"}}, "readable",
    "sign_in", "soc", "entries": {"own": [<text>], "foreign": [<text>]}, "problems": [<text>], "text"}`, where `text`
    is the table, fenced, ready to be pasted into a bug report.
    """
    snapshot, storage = findings.snapshot, findings.state.storage
    return {
        "controls": {one.control.value: _as_json(one) for one in (snapshot.controls if snapshot else ())},
        "readable": snapshot.readable if snapshot else None,
        "sign_in": findings.condition.status.value,
        "soc": storage.soc if storage else None,
        "entries": {"own": _listed(findings.own), "foreign": _listed(findings.foreign)},
        "problems": [_without_ids(in_words(problem)) for problem in findings.problems],
        "text": f"```text\n{table(findings, with_ids=False)}\n```",
    }


def table(findings: Findings, *, with_ids: bool) -> str:
    """Return the findings as lines of a label and what was found. No secret is among them.

    Args:
        findings: What was found.
        with_ids: Whether it is for nobody but the owner: ids of site and user, and the site's name, are in it.
    """
    lines = []
    for label, value in _rows(findings, with_ids=with_ids):
        told = echo(value if with_ids else _without_ids(value), _LONGEST)
        lines.append(f"{label:{_LABEL}} {told}".rstrip())
    return "\n".join(lines)


def in_words(problem: Problem) -> str:
    """Return a problem and what can be done about it, in one line."""
    return f"{problem.text}: {problem.hint}" if problem.hint else problem.text


def _rows(findings: Findings, *, with_ids: bool) -> Iterator[tuple[str, str]]:
    """Yield label and value of each line; what continues a line has no label."""
    yield "Enphase battery", versions()
    yield "app", _configured(findings)
    if findings.appdaemon:
        yield "AppDaemon", findings.appdaemon
    yield from _session_rows(findings)
    identity = findings.identity
    if with_ids and identity is not None:
        yield "site", f"{identity.site_id} ({identity.site_name})" if identity.site_name else identity.site_id
        yield "user", identity.user_id
    else:
        yield "site and user", "known" if identity else "not known"
    yield "time zone", findings.zone.zone or "" if findings.zone else "not known"
    yield "clock", _clock(findings.skew)
    yield from _site_rows(findings)
    yield from _several("own entries", [_said(terms) for terms in findings.own])
    yield from _several("other entries", [_said(terms) for terms in findings.foreign])
    yield from _several("problems", [in_words(problem) for problem in findings.problems])


def _configured(findings: Findings) -> str:
    configuration = findings.configuration
    may = ", ".join(control.value for control in configuration.controls) or "nothing"
    return (
        f"{findings.app}: may change {may}; windows: {len(configuration.windows)}; "
        f"use_schedules {configuration.use_schedules.value}; dry_run {str(configuration.dry_run).lower()}"
    )


def _session_rows(findings: Findings) -> Iterator[tuple[str, str]]:
    condition, guard, now, when = findings.condition, findings.condition.guard, findings.now, _When(findings)
    token = f"token of {when(condition.refreshed_at)}, ends {when(condition.expires_at)}"
    yield "sign-in", "; ".join(filter(None, (condition.status.value, token, findings.access)))
    yield "second factor", f"{'' if condition.second_factor else 'not '}needed at the last sign-in"
    closed = guard.closed_until(now)
    state = f"closed until {when(closed)}" if closed else "open"
    yield "login guard", f"{state}; refusals in a row: {guard.rejections}" if guard.rejections else state
    held = condition.held_until if condition.held_until and now < condition.held_until else None
    spent = f"{condition.requests} of {condition.requests_per_hour} within the last hour"
    yield "requests", f"{spent}; none before {when(held)}" if held else spent
    shapes = f"reads {condition.reads.value}, writes {condition.writes.value}"
    yield "headers", f"{shapes}; token from {condition.mint or 'nowhere'}"
    if condition.refused:
        yield from _several("refused", condition.refused)
    yield "last error", condition.last_error or "none"


def _site_rows(findings: Findings) -> Iterator[tuple[str, str]]:
    state, when = findings.state, _When(findings)
    storage, switches = state.storage, state.switches
    if storage is None:
        yield "battery", "not read"
    else:
        soc = "unknown" if storage.soc is None else f"{storage.soc:g} %"
        size = "unknown" if storage.capacity_kwh is None else f"{storage.capacity_kwh:g} kWh"
        yield "battery", f"charge {soc} of {size}, reported {when(storage.last_report)}"
    if switches is not None:
        yield "settings", f"read {when(switches.read_at)}; discharges to the grid down to {switches.floor} %"
        yield "override", switches.override or "none"
    reports = {one.control: one for one in (findings.snapshot.controls if findings.snapshot else ())}
    for control in Control:
        yield control.value, "; ".join(_of_control(state, control, reports.get(control)))


def _of_control(state: SiteState, control: Control, report: ControlReport | None) -> Iterator[str]:
    switches = state.switches
    yield "switch " + ("not read" if switches is None else _on_off(switches.on.get(control)))
    works = {True: "works with entries", False: "works with its switch only", None: "not known how it works"}
    yield works[state.has_schedules.get(control)]
    refusal = switches.refusals.get(control) if switches else None
    if refusal is not None:
        yield f"cannot be {'switched on' if refusal.only_on else 'changed'}: {refusal.reason}"
    if report is not None:
        source = f" by {report.source.value}" if report.source else ""
        yield f"wanted {_on_off(report.wanted)}{source}, {report.outcome.value if report.outcome else 'not judged yet'}"
        yield f"enforced {report.enforced.value}"
        yield from (report.reason,) if report.reason else ()
        yield from (f"last error {report.last_error}",) if report.last_error else ()


@dataclass(frozen=True, slots=True)
class _When:
    """Puts instants into words, in the site's time."""

    findings: Findings

    def __call__(self, instant: datetime | None) -> str:
        return (
            "unknown" if instant is None else f"{instant.astimezone(self.findings.zone or pytz.utc):%Y-%m-%d %H:%M %Z}"
        )


def _clock(skew: timedelta) -> str:
    apart = timedelta(seconds=round(abs(skew).total_seconds()))
    if apart < _AS_GOOD_AS_NONE:
        return "agrees with the cloud's"
    return f"{apart} {'behind' if skew > timedelta(0) else 'ahead of'} the cloud's"


def _said(terms: Terms) -> str:
    return str(terms) if terms.limit is None else f"{terms}, limit {terms.limit} %"


def _on_off(on: bool | None) -> str:
    return "unknown" if on is None else "on" if on else "off"


def _several(label: str, texts: list[str] | tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in some(texts, MOST_LISTED, label) or ("none",):
        yield label, text
        label = ""


def _listed(entries: tuple[Terms, ...]) -> list[str]:
    return list(some([str(terms) for terms in entries], MOST_LISTED, "entries"))


def _as_json(report: ControlReport) -> Mapping[str, object]:
    return {
        "shown": report.shown,
        "wanted": report.wanted,
        "outcome": report.outcome.value if report.outcome else None,
        "enforced": report.enforced.value,
        "source": report.source.value if report.source else None,
        "reason": _without_ids(report.reason),
    }


def _without_ids(text: str) -> str:
    return _IDS.sub("...", text)


def versions() -> str:
    """Return the versions of all that a bug may depend on, in one line."""
    return f"{VERSION}, AppDaemon {appdaemon_version()}, Python {python_version()}"
