"""What a person, or who helps them, has to know of one app: as a table, and as JSON for the event `diagnose`.

The running app and :mod:`.check` put the same findings together, so that their tables are read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePath
from platform import python_version

import pytz

from ..config.configuration import Configuration
from ..config.values import echo, some
from ..control.controls import Control
from ..control.entries import Terms
from ..control.problem import Problem
from ..control.reason import Kind, Reason, because
from ..control.site_state import FORBIDS_ON_ONLY, SiteState
from ..engine.snapshot import ControlReport, Snapshot
from ..home.internals import appdaemon_version
from ..version import VERSION
from ..words.reasons import When, entry, hint, sentence
from ..words.reasons import problem as problem_text
from ..words.texts import OVERRIDES

MOST_LISTED = 50
"""How many entries of a kind a report names."""

_IDS = re.compile(r"\d{5,}")
"""Ids of sites and users, should one stand where none is expected."""

_PRIVATE = frozenset({"sites", "folder"})
"""Values of reasons that are for nobody but the owner: ids and names of sites, and folders, which may be a person's."""

_LABEL, _LONGEST = 20, 900  # characters of a line

_AS_GOOD_AS_NONE = timedelta(seconds=5)
"""A difference of clocks that may come from how it is measured."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found at one moment.

    Attributes:
        app: The app's name in apps.yaml.
        configuration: What the user configured.
        snapshot: All that is so; of a check without what is wanted.
        access: How the cloud was asked, where that is not as always.
        appdaemon: What is to be said of AppDaemon; empty when there is nothing.
    """

    app: str
    configuration: Configuration
    snapshot: Snapshot
    access: str = ""
    appdaemon: str = ""


def as_report(findings: Findings) -> dict[str, object]:
    """Return the findings as JSON without secrets or ids.

    Shape: `{"controls": {<control>: {"shown", "wanted", "outcome", "enforced", "source", "reason", "reason_kind"}},
    "readable", "sign_in", "soc", "entries": {"own": [<text>], "foreign": [<text>]}, "problems": [<text>], "text"}`,
    where `text` is the table, fenced, ready to be pasted into a bug report.
    """
    snapshot, storage, when = findings.snapshot, findings.snapshot.storage, _When(findings.snapshot)
    return {
        "controls": {one.control.value: _as_json(one, when) for one in _discreet(snapshot).controls},
        "readable": snapshot.readable,
        "sign_in": snapshot.condition.status.value,
        "soc": storage.soc if storage else None,
        "entries": {"own": _listed(snapshot.own), "foreign": _listed(snapshot.foreign)},
        "problems": [_without_ids(_in_words(problem, when)) for problem in _discreet(snapshot).problems],
        "text": f"```text\n{table(findings, with_ids=False)}\n```",
    }


def table(findings: Findings, *, with_ids: bool) -> str:
    """Return the findings as lines of a label and what was found. No secret is among them.

    Args:
        findings: What was found.
        with_ids: Whether it is for nobody but the owner: ids of site and user, and the site's name, are in it.
    """
    lines = []
    if not with_ids:
        findings = replace(findings, snapshot=_discreet(findings.snapshot))
    for label, value in _rows(findings, with_ids=with_ids):
        told = echo(value if with_ids else _without_ids(value), _LONGEST)
        lines.append(f"{label:{_LABEL}} {told}".rstrip())
    return "\n".join(lines)


def _discreet(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without what is for nobody but the owner."""
    error = snapshot.condition.last_error
    return replace(
        snapshot,
        condition=replace(snapshot.condition, last_error=error and _veiled(error)),
        controls=tuple(
            replace(
                one, reasons=tuple(map(_veiled, one.reasons)), last_error=one.last_error and _veiled(one.last_error)
            )
            for one in snapshot.controls
        ),
        problems=tuple(replace(one, reason=_veiled(one.reason)) for one in snapshot.problems),
    )


def _veiled(reason: Reason) -> Reason:
    """Return a reason without its private values, and without those of the reasons in it."""
    return replace(reason, values=tuple((name, _veil(name, value)) for name, value in reason.values))


def _veil(name: str, value: object) -> object:
    if isinstance(value, Reason):
        return _veiled(value)
    if isinstance(value, tuple):
        return tuple(_veil(name, one) for one in value)
    if name == "file":
        return PurePath(str(value)).name
    return "..." if name in _PRIVATE else value


def _in_words(problem: Problem, when: When) -> str:
    """Return a problem and what can be done about it, in one line."""
    text, advice = problem_text(problem, when), hint(problem.reason, when)
    return f"{text}: {advice}" if advice else text


def _rows(findings: Findings, *, with_ids: bool) -> Iterator[tuple[str, str]]:
    """Yield label and value of each line; what continues a line has no label."""
    yield "Enphase battery", versions()
    yield "app", _configured(findings)
    if findings.appdaemon:
        yield "AppDaemon", findings.appdaemon
    yield from _session_rows(findings)
    snapshot, when = findings.snapshot, _When(findings.snapshot)
    identity = snapshot.identity
    if with_ids and identity is not None:
        yield "site", f"{identity.site_id} ({identity.site_name})" if identity.site_name else identity.site_id
        yield "user", identity.user_id
    else:
        yield "site and user", "known" if identity else "not known"
    yield "time zone", str(snapshot.zone) if snapshot.zone else "not known"
    yield "clock", _clock(snapshot.skew)
    yield from _site_rows(findings)
    yield from _several("own entries", [_said(terms) for terms in snapshot.own])
    yield from _several("other entries", [_said(terms) for terms in snapshot.foreign])
    yield from _several("problems", [_in_words(problem, when) for problem in snapshot.problems])


def _configured(findings: Findings) -> str:
    configuration = findings.configuration
    may = ", ".join(control.value for control in configuration.controls) or "nothing"
    return (
        f"{findings.app}: may change {may}; windows: {len(configuration.windows)}; "
        f"use_schedules {configuration.use_schedules.value}; dry_run {str(configuration.dry_run).lower()}"
    )


def _session_rows(findings: Findings) -> Iterator[tuple[str, str]]:
    condition, now, when = findings.snapshot.condition, findings.snapshot.taken_at, _When(findings.snapshot)
    guard = condition.guard
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
    yield "last error", sentence(condition.last_error, when) if condition.last_error else "none"


def _site_rows(findings: Findings) -> Iterator[tuple[str, str]]:
    state, when = findings.snapshot.state, _When(findings.snapshot)
    storage, switches = state.storage, state.switches
    if storage is None:
        yield "battery", "not read"
    else:
        soc = "unknown" if storage.soc is None else f"{storage.soc:g} %"
        size = "unknown" if storage.capacity_kwh is None else f"{storage.capacity_kwh:g} kWh"
        yield "battery", f"charge {soc} of {size}, reported {when(storage.last_report)}"
    if switches is not None:
        yield "settings", f"read {when(switches.read_at)}; discharges to the grid down to {switches.floor} %"
        yield "override", OVERRIDES[switches.override] if switches.override else "none"
    reports = {one.control: one for one in findings.snapshot.controls}
    for control in Control:
        yield control.value, "; ".join(_of_control(state, control, reports.get(control), when))


def _of_control(state: SiteState, control: Control, report: ControlReport | None, when: When) -> Iterator[str]:
    switches = state.switches
    yield "switch " + ("not read" if switches is None else _on_off(switches.on.get(control)))
    works = {True: "works with entries", False: "works with its switch only", None: "not known how it works"}
    yield works[state.has_schedules.get(control)]
    refusal = switches.refusals.get(control) if switches else None
    if refusal is not None:
        only_on = refusal.kind in FORBIDS_ON_ONLY
        yield sentence(because(Kind.CANNOT_BE_CHANGED, only_on=only_on, why=refusal), when)
    if report is not None:
        source = f" by {report.source.value}" if report.source else ""
        yield f"wanted {_on_off(report.wanted)}{source}, {report.outcome.value if report.outcome else 'not judged yet'}"
        yield f"enforced {report.enforced.value}"
        yield from (sentence(reason, when) for reason in report.reasons)
        yield from (f"last error {sentence(report.last_error, when)}",) if report.last_error else ()


@dataclass(frozen=True, slots=True)
class _When:
    """Puts instants into words, in the site's time: with date and zone, as whoever reads it may be anywhere."""

    snapshot: Snapshot

    def __call__(self, instant: datetime | None) -> str:
        return (
            "unknown" if instant is None else f"{instant.astimezone(self.snapshot.zone or pytz.utc):%Y-%m-%d %H:%M %Z}"
        )


def _clock(skew: timedelta) -> str:
    apart = timedelta(seconds=round(abs(skew).total_seconds()))
    if apart < _AS_GOOD_AS_NONE:
        return "agrees with the cloud's"
    return f"{apart} {'behind' if skew > timedelta(0) else 'ahead of'} the cloud's"


def _said(terms: Terms) -> str:
    return entry(terms) if terms.limit is None else f"{entry(terms)}, limit {terms.limit} %"


def _on_off(on: bool | None) -> str:
    return "unknown" if on is None else "on" if on else "off"


def _several(label: str, texts: list[str] | tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in some(texts, MOST_LISTED, label) or ("none",):
        yield label, text
        label = ""


def _listed(entries: tuple[Terms, ...]) -> list[str]:
    return list(some([entry(terms) for terms in entries], MOST_LISTED, "entries"))


def _as_json(report: ControlReport, when: When) -> Mapping[str, object]:
    return {
        "shown": report.shown,
        "wanted": report.wanted,
        "outcome": report.outcome.value if report.outcome else None,
        "enforced": report.enforced.value,
        "source": report.source.value if report.source else None,
        "reason": _without_ids("; ".join(sentence(reason, when) for reason in report.reasons)),
        "reason_kind": report.reasons[0].kind.value if report.reasons else "",
    }


def _without_ids(text: str) -> str:
    return _IDS.sub("...", text)


def versions() -> str:
    """Return the versions of all that a bug may depend on, in one line."""
    return f"{VERSION}, AppDaemon {appdaemon_version()}, Python {python_version()}"
