"""The HTTP side: a thin aiohttp server in front of a function from request to response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp import web
from multidict import CIMultiDict

from .control_api import PREFIX as CONTROL
from .wire import LOST, Ending, Request, Response

_DRIP_SECONDS = 1.0


@asynccontextmanager
async def serve(handle: Callable[[Request], Response], host: str, port: int) -> AsyncIterator[str]:
    """Serve `handle` while the block runs and give the base address; an answer that is LOST breaks the connection."""

    async def answer(incoming: web.Request) -> web.StreamResponse:
        if incoming.path.startswith(CONTROL) and not is_local(incoming.remote):
            return web.Response(status=403, text="the control API is for this machine only")
        response = handle(await _request(incoming))
        if response.delay:
            await asyncio.sleep(response.delay)
        if response.status == LOST and incoming.transport is not None:
            incoming.transport.abort()
        headers = CIMultiDict([("Content-Type", response.content_type), *response.headers])
        if response.ending is not Ending.WHOLE:
            return await _unfinished(incoming, response, headers)
        return web.Response(status=response.status, body=response.body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    # Cancelled with its client, an answer without an end does not outlive it.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = runner.addresses[0]
        yield f"http://{address[0]}:{address[1]}"
    finally:
        await runner.cleanup()


def is_local(remote: str | None) -> bool:
    """Tell whether a peer's address is a loopback address; an unknown one is not."""
    return remote is not None and ip_address(remote).is_loopback


async def _unfinished(incoming: web.Request, response: Response, headers: CIMultiDict[str]) -> web.StreamResponse:
    stream = web.StreamResponse(status=response.status, headers=headers)
    if response.ending is Ending.CUT:
        stream.content_length = 2 * len(response.body) + 1
    await stream.prepare(incoming)
    await stream.write(response.body)
    if response.ending is Ending.CUT and incoming.transport is not None:
        incoming.transport.close()
    while response.ending is not Ending.CUT:
        await asyncio.sleep(_DRIP_SECONDS)
        if response.ending is Ending.DRIP:
            await stream.write(b" ")
    return stream


async def _request(incoming: web.Request) -> Request:
    return Request(
        incoming.method,
        incoming.path,
        dict(incoming.query),
        {name.lower(): value for name, value in incoming.headers.items()},
        await incoming.read(),
    )
