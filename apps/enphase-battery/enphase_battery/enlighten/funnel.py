"""Takes a request to the reply that stands: step by step, each with its price, as :mod:`.retry_rules` says."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import Forbidden, SessionRejected, SignInError
from .reply import Refusal
from .retry_rules import Case, Step, next_step
from .transport import Call

if TYPE_CHECKING:
    from .reply import Reply
    from .session_tokens import SessionTokens
    from .shapes import Ladders, Shape
    from .shared_lock import SharedLock
    from .sign_in import SignInFlow


@dataclass(frozen=True, slots=True)
class Errand:
    """A request and what goes with it.

    Attributes:
        call: The request.
        username: User id for the `Username` header of battery calls.
        xsrf_read: For battery writes: the battery read that hands out a fresh XSRF token.
        optional: The site may do without the endpoint.
    """

    call: Call
    username: str | None = None
    xsrf_read: Call | None = None
    optional: bool = False


class Funnel:
    """Where every request of a session goes through.

    Args:
        tokens: The session's proofs.
        sign_in: Signs in.
        ladders: The shapes of headers to try.
        lock: Keeps requests and renewals apart.
        logger: Told when a sign-in did not help.
    """

    def __init__(
        self, tokens: SessionTokens, sign_in: SignInFlow, ladders: Ladders, lock: SharedLock, *, logger: logging.Logger
    ) -> None:
        self._tokens = tokens
        self._sign_in = sign_in
        self._ladders = ladders
        self._lock = lock
        self._logger = logger

    async def pursue(self, errand: Errand) -> Reply:
        """The reply that stands.

        Raises:
            SignInError: A login was needed, and refused or forbidden by the guard; or a code is awaited.
            SessionRejected: 401 or a wall from a living session, in every shape of headers.
            Forbidden: The same of an optional endpoint.
            Unreachable: No answer to the request, or to what it needs.
        """
        call, tokens = errand.call, self._tokens
        given_up = tokens.gave_up_on(call.name)
        order = self._ladders.turned(call) if given_up else self._ladders.order(call)
        case = Case(xsrf=errand.xsrf_read is not None, optional=errand.optional, given_up=given_up)
        if not tokens.alive:
            await self._sign_in_unless_renewed_since(tokens.generation, for_wish=call.wish)
            case = replace(case, lives=tokens.proven_at is not None)
        may_ask = not given_up or not tokens.was_proven_lately()
        shape, login = order[0], self._sign_in.signed_in_at
        tried = [shape]
        generation, reply = await self._exchange(errand, shape)
        while True:
            left = tuple(each for each in order if each not in tried and tokens.proofs.suffice(each))
            step = next_step(reply.refusal, case := replace(case, shapes=left))
            if step in (Step.ANSWER, Step.GIVE_UP):
                return self._concluded(errand, shape, reply, case, step)
            case = case.after(step)
            if step is Step.CLIMB:
                shape = left[0]
            elif step is Step.FRESH_XSRF and errand.xsrf_read is not None:
                case = replace(case, lives=await self._fetch_xsrf(errand.xsrf_read, errand.username))
            elif step is Step.SIGN_IN:
                if not tokens.may_sign_in_for(call.name) or not await self._sign_in_anew(call.name, login):
                    continue
                shape = order[0]
            else:
                case = replace(case, lives=may_ask)
                is_renewed = await self._renewed(call, generation, may_ask=may_ask, given_up=given_up)
                login = self._sign_in.signed_in_at
                if not is_renewed:
                    continue
                shape = order[0]
            tried.append(shape)
            generation, reply = await self._exchange(errand, shape)

    def _concluded(self, errand: Errand, shape: Shape, reply: Reply, case: Case, step: Step) -> Reply:
        """Remembers what came out of it."""
        name = errand.call.name
        if step is Step.ANSWER:
            if reply.lets_in:
                self._tokens.let_in_by(name)
                self._ladders.worked(errand.call, shape)
            return reply
        if not case.given_up:
            self._tokens.gives_up_on(name)
        if reply.refusal is Refusal.FORBIDDEN:
            return reply
        message = f"{name} refuses the session, although it lives"
        if errand.optional:
            raise Forbidden(message)
        raise SessionRejected(message)

    async def _exchange(self, errand: Errand, shape: Shape) -> tuple[int, Reply]:
        """One exchange, and the generation of the proofs that went with it."""
        if errand.xsrf_read is not None and self._tokens.xsrf is None:
            await self._fetch_xsrf(errand.xsrf_read, errand.username)
        async with self._lock.shared():
            return self._tokens.generation, await self._tokens.send(errand.call, shape, username=errand.username)

    async def _fetch_xsrf(self, read: Call, username: str | None) -> bool:
        """Reads what hands out a fresh XSRF token; whether that worked, which also shows that the session lives."""
        reply = await self.pursue(Errand(read, username))
        reply.raise_for_outage()
        return reply.ok

    async def _renewed(self, call: Call, generation: int, *, may_ask: bool, given_up: bool) -> bool:
        """Makes sure that the session lives; whether there are newer proofs now, to repeat the request with.

        Others may have renewed them since the request was sent. If not, the mint is asked: it gives a token exactly to
        a session that lives, and then the request was refused for another reason. Else one login is spent; where
        nothing can tell, one a day for each endpoint, and none for one that refuses everything anyway.

        Args:
            call: What was refused.
            generation: Of the proofs that were refused.
            may_ask: The mint may be asked, and a login be spent; else only the renewals of others count.
            given_up: The endpoint refuses everything anyway.
        """
        async with self._lock.alone():
            if self._tokens.generation != generation:
                return True
            if not may_ask:
                return False
            try:
                if self._tokens.alive:
                    if await self._tokens.refresh() or given_up or not self._tokens.may_sign_in_for(call.name):
                        return False
                    self._tokens.signed_in_for(call.name)
                self._tokens.alive = False
            except SessionRejected:
                pass
            await self._sign_in.sign_in(for_wish=call.wish)
            return True

    async def _sign_in_unless_renewed_since(self, generation: int, *, for_wish: bool) -> None:
        async with self._lock.alone():
            if self._tokens.generation == generation:
                await self._sign_in.sign_in(for_wish=for_wish)

    async def _sign_in_anew(self, endpoint: str, login: datetime | None) -> bool:
        """A login although the session lives: the last that is left to try (9.2). Whether there was one.

        The living session must not be lost for it, nor a person be asked for a code.
        """
        async with self._lock.alone():
            was_made = self._sign_in.signed_in_at != login
            if not was_made and not self._sign_in.may_sign_in_anew:
                return False
            self._tokens.signed_in_for(endpoint)
            if was_made:
                return True
            try:
                await self._sign_in.sign_in()
            except SignInError as error:
                self._logger.warning("a new sign-in, tried because the cloud refuses a request, failed: %s", error)
                return False
            return True
