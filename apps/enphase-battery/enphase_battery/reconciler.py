"""Carries a plan out: one writer per site, verify, retry, report.

One pass reads what the cloud shows, takes the steps that lead to what is wanted, reads back after each, and says what
became of every wish. HTTP 200 is never believed (`enlighten-battery-api.md` 10.2): a write stays `pending` until a read
shows it, or a read late enough to count does not; then it is tried in the other forms that sites are known to need.
Run twice, the second pass writes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .backoff import Backoff
from .control.evidence import Evidence, Sight
from .control.names import Control
from .control.plan import SwitchStep, in_the_way, plan
from .control.site_state import SiteState
from .control.verdict import Outcome, Verdict
from .control.wanted import Wanted
from .errors import (
    BudgetExhausted,
    EnlightenError,
    Forbidden,
    NotAvailable,
    RateLimited,
    Refused,
    SignInSuspended,
    Unreachable,
)
from .ladder import Ladder
from .ports import Site, Wishes

READ_BACK = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each read after a write: most sites show it at once, nearly all within three seconds (10.3)."""

LOOK_AGAIN = timedelta(seconds=60)
"""Longest time until the next read while a write is not shown yet."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What could not be done in this pass; a wish for the other value is not concerned.

    Attributes:
        on: The value that the switch did not take.
        error: Why; None when the cloud answered with success and still shows the old value.
    """

    on: bool
    error: EnlightenError | None = None


class Reconciler:
    """The one writer of a site.

    Never entered twice at a time: its owner runs passes one after the other.

    Args:
        site: The cloud side.
        wishes: What is wanted, and who is told.
        controls: The controls that may be written.
        evidence: What was known when the app last ran.
        save: Is given all evidence whenever it changes: before a write is sent, too.
        clock: Returns the current instant (aware, UTC).
        when: Puts an instant into words for people, in the site's local time.
        sleep: Waits so many seconds.
        backoff: Grows the time between tries.
        settle: Seconds between validation and write.
        consistency: How long reads may show old values after a write.
        dry_run: Only say what would be done.
        logger: Where changes of state are told.
    """

    def __init__(
        self,
        site: Site,
        wishes: Wishes,
        *,
        controls: Collection[Control],
        evidence: Mapping[Control, Evidence],
        save: Callable[[Mapping[Control, Evidence]], None],
        clock: Callable[[], datetime],
        when: Callable[[datetime], str],
        sleep: Callable[[float], Awaitable[None]],
        backoff: Backoff,
        settle: float,
        consistency: timedelta,
        dry_run: bool,
        logger: logging.Logger,
    ) -> None:
        self._site = site
        self._wishes = wishes
        self._controls = frozenset(controls)
        self._save = save
        self._clock = clock
        self._when = when
        self._sleep = sleep
        self._backoff = backoff
        self._settle = settle
        self._consistency = consistency
        self._dry_run = dry_run
        self._logger = logger
        self._ladder = Ladder(site.forms)
        self._failures: dict[Control, _Failure] = {}
        self.evidence: dict[Control, Evidence] = {control: evidence.get(control, Evidence()) for control in Control}
        self.verdicts: dict[Control, Verdict] = {}
        self.state = SiteState()
        self.error: EnlightenError | None = None
        self.error_since: datetime | None = None
        self.reason = ""
        self._retry_at: datetime | None = None
        self._poll_failed = False

    def due(self, now: datetime) -> bool:
        """Return whether a pass has something to do at ``now``."""
        return bool(self._due_controls(now)) or any(at <= now for at in self._looks())

    def next_due(self) -> datetime | None:
        """Return the instant at which a pass will have something to do, if nobody wishes anything before."""
        verdicts = [self.verdicts[control] for control in self._wishes.wanted() if control in self.verdicts]
        retries = [verdict.retry_at for verdict in verdicts if verdict.retry_at is not None]
        return min((*retries, *self._looks()), default=None)

    def reconsider(self, control: Control) -> None:
        """Make the next pass look at a control again, although its verdict stands."""
        self.verdicts.pop(control, None)

    async def run(self, *, poll: bool = False) -> None:
        """Make one pass.

        Args:
            poll: Read everything, also when nothing is to be done.
        """
        self._failures.clear()
        everything = poll or self._poll_failed or self.state.switches is None
        self._poll_failed = everything
        try:
            await self._look(everything=everything)
            self._poll_failed = False
            if self.error is not None:  # what had to wait for the cloud need not wait any more
                self.verdicts = {one: verdict for one, verdict in self.verdicts.items() if verdict.outcome.final}
            await self._take_steps()
        except EnlightenError as error:
            self._postpone(error)
            return
        self._mended()
        for control, wanted in self._due_controls(self._clock()).items():
            self._judge(control, wanted)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _look(self, *, everything: bool = False) -> None:
        """Read, and weigh what the read shows of every control."""
        if everything:
            self.state = await self._site.read_all()
        else:
            self.state = replace(self.state, switches=await self._site.read_switches())
        assert self.state.switches is not None  # noqa: S101  # read_all promises it; this tells the type checker
        switches = self.state.switches
        for control, on in switches.on.items():
            self.evidence[control], sight = self.evidence[control].saw(on, switches.read_at, self._consistency)
            if sight is Sight.NOT_SHOWN:
                if self._ladder.exhausted(SwitchStep(control, not on)):
                    self._failures[control] = _Failure(not on)
            elif sight is Sight.SHOWN:
                self._is_shown(SwitchStep(control, on))
            elif sight is Sight.LATE:
                self.reconsider(control)
            elif sight is Sight.FOREIGN:
                self._logger.info("Somebody switched %s %s in the Enphase app", control.title, "on" if on else "off")
                self._wishes.flipped_in_cloud(control, on)
        self._save(self.evidence)
        self._wishes.seen({control: one.known for control, one in self.evidence.items() if one.known is not None})

    def _is_shown(self, step: SwitchStep) -> None:
        """Take note that a step is proven, and of the form that did it."""
        self._failures.pop(step.control, None)
        form = self._ladder.worked(step)
        if form is not None:
            self._site.remember(step, form)
        self._logger.info("%s is %s in the cloud", step.control.title.capitalize(), "on" if step.on else "off")

    def _looks(self) -> list[datetime]:
        """Return when to look although nobody wishes: after an error, else at what may be a foreign change."""
        if self._retry_at is not None:
            return [self._retry_at]
        return [
            at
            for control, evidence in self.evidence.items()
            if evidence.unproven is None and (at := evidence.second_look_at(self._consistency)) is not None
        ]

    # -- doing --------------------------------------------------------------------------------------------------------

    def _due_controls(self, now: datetime) -> dict[Control, Wanted]:
        """Return what has no verdict yet, or one whose time for another try has come."""
        due = {}
        for control, wanted in self._wishes.wanted().items():
            verdict = self.verdicts.get(control)
            settled = verdict is not None and verdict.wanted.key == wanted.key
            waiting = verdict is not None and (verdict.retry_at is None or now < verdict.retry_at)
            if control in self._controls and not (settled and waiting):
                due[control] = wanted
        return due

    def _next_steps(self) -> tuple[SwitchStep, ...]:
        """Return what is still to be done, without what was tried and failed in this pass."""
        due = self._due_controls(self._clock())
        untried = [control for control, wanted in due.items() if self._failure(control, wanted) is None]
        return plan(self._changeable(), self.evidence, untried)

    def _failure(self, control: Control, wanted: Wanted) -> _Failure | None:
        """Return what went wrong in this pass with what is wanted of a control."""
        failure = self._failures.get(control)
        return failure if failure is not None and failure.on is wanted.switch else None

    def _changeable(self) -> dict[Control, Wanted]:
        """Return what is wanted of the controls that may be changed; the others are nobody's obstacle."""
        return {control: wanted for control, wanted in self._wishes.wanted().items() if control in self._controls}

    async def _take_steps(self) -> None:
        """Take the steps of the plan, made anew after each, so that the last wish wins."""
        while not self._dry_run and (steps := self._next_steps()):
            await self._take(steps[0])

    async def _take(self, step: SwitchStep) -> None:
        """Write one switch in the next form of the ladder that is not refused, and read it back."""
        self._logger.debug("Going to %s", step)
        while True:
            form = self._ladder.next(step)
            try:
                await self._site.validate(step, form)
            except Refused as refusal:
                self._failures[step.control] = _Failure(step.on, refusal)
                return
            await self._sleep(self._settle)
            if self._outdated(step):
                return
            self._note(step.control, Evidence.sending, step.on, self._clock())
            self._ladder.tried(step, form)
            try:
                await self._site.write(step, form, self._others(step.control))
            except (Refused, Forbidden, NotAvailable) as refusal:
                self._note(step.control, Evidence.refused)
                if not self._ladder.exhausted(step):
                    continue
                self._failures[step.control] = _Failure(step.on, refusal)
                return
            self._note(step.control, Evidence.answered, self._clock())
            await self._read_back(step)
            return

    async def _read_back(self, step: SwitchStep) -> None:
        """Read until a read shows the step, the patience ends or somebody wishes otherwise."""
        for delay in READ_BACK:
            await self._sleep(delay)
            if self._outdated(step):
                return
            await self._look()
            if self.evidence[step.control].unproven is None:
                return

    def _outdated(self, step: SwitchStep) -> bool:
        wanted = self._wishes.wanted().get(step.control)
        return wanted is None or wanted.switch is not step.on

    def _others(self, control: Control) -> dict[Control, bool]:
        """Return what was just written to the other switches, which a read may not show yet."""
        return {
            other: evidence.writes[-1].value
            for other, evidence in self.evidence.items()
            if other is not control and evidence.writes and evidence.writes[-1].answered
        }

    def _note(self, control: Control, change: Callable[..., Evidence], *args: object) -> None:
        self.evidence[control] = change(self.evidence[control], *args)
        self._save(self.evidence)

    # -- judging ------------------------------------------------------------------------------------------------------

    def _judge(self, control: Control, wanted: Wanted) -> None:
        """Say what became of what is wanted of one control, after a pass that reached the cloud."""
        now, evidence = self._clock(), self.evidence[control]
        if self._dry_run:
            steps = plan({control: wanted}, self.evidence, (control,))
            reason = f"would {steps[0]}: validate, write, read back" if steps else "nothing to do"
            self._say(control, Verdict(wanted, Outcome.DRY_RUN, now, reason))
        elif (failure := self._failure(control, wanted)) is not None:
            error = failure.error
            reason = str(error) if error else "the cloud answered with success and still shows the old value"
            retry_at = now + self._backoff.after_failure(control.value)
            self._say(control, Verdict(wanted, Outcome.FAILED, now, reason, error.hint if error else "", retry_at))
        elif evidence.unproven is not None:
            retry_at = min(now + LOOK_AGAIN, evidence.unproven.at + self._consistency)
            reason = "written; the cloud does not show it yet"
            self._say(control, Verdict(wanted, Outcome.PENDING, now, reason, retry_at=retry_at))
        elif evidence.known is wanted.switch:
            self._backoff.succeeded(control.value)
            self._say(control, self._settled(wanted, now))
        else:
            # A rival is still on, a read cannot decide yet (an echo), or the wish changed at the end of the pass.
            rival = in_the_way(self._changeable(), self.evidence).get(control)
            reason = f"waits until {rival.title} is off" if rival else "waiting for the cloud"
            retry_at = min(now + LOOK_AGAIN, evidence.second_look_at(self._consistency) or now + LOOK_AGAIN)
            self._say(control, Verdict(wanted, Outcome.PENDING, now, reason, retry_at=retry_at))

    def _settled(self, wanted: Wanted, now: datetime) -> Verdict:
        """Return the verdict on a switch that is as it is to be: confirmed, unless the wish itself is held back."""
        rival = wanted.held_back_by
        if rival is None:
            return Verdict(wanted, Outcome.CONFIRMED, now)
        name = f"{rival.control.title} ({rival.label})" if rival.label else rival.control.title
        until = f" until {self._when(rival.until)}" if rival.until else ""
        return Verdict(wanted, Outcome.PENDING, now, f"held back by {name}{until}")

    def _postpone(self, error: EnlightenError) -> None:
        """Keep every wish for a later try: the cloud could not be reached or would not let the app in."""
        now = self._clock()
        retry_at = max(now + self._backoff.after_failure("cloud"), _earliest_retry(error, now))
        if self.error is None or str(self.error) != str(error):
            self._logger.warning("%s; trying again at %s", error, self._when(retry_at))
        if self.error_since is None:
            self.error_since = now
        self.error = error
        self._retry_at = retry_at
        self.reason = str(error)
        if isinstance(error, Unreachable) and not isinstance(error, BudgetExhausted):
            self.reason = f"cloud unreachable since {self._when(self.error_since)}"
        for control, wanted in self._due_controls(now).items():
            self._say(control, Verdict(wanted, Outcome.PENDING, now, self.reason, error.hint, retry_at))

    def _mended(self) -> None:
        self._backoff.succeeded("cloud")
        if self.error is not None:
            self._logger.info("The cloud answers again")
        self.error = self.error_since = self._retry_at = None
        self.reason = ""

    def _say(self, control: Control, verdict: Verdict) -> None:
        self.verdicts[control] = verdict
        self._wishes.judged(control, verdict)


def _earliest_retry(error: EnlightenError, now: datetime) -> datetime:
    """Return the instant that the error itself names as the earliest for another try; ``now`` when it names none."""
    if isinstance(error, RateLimited):
        return now + timedelta(seconds=error.retry_after)
    if isinstance(error, BudgetExhausted):
        return error.next_at
    return error.until if isinstance(error, SignInSuspended) else now
