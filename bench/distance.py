"""The way to a cloud that is far away: a TCP proxy that keeps every byte for half a round trip.

A new connection costs a round trip more, as TCP's handshake does; TLS, which would cost one or two, is not played.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from yarl import URL

from demo.ports import HOST

_CHUNK = 65536


class Distance:
    """A proxy whose round trip can be changed.

    Attributes:
        round_trip: Seconds.
        url: Where clients find what it leads to.
    """

    def __init__(self) -> None:
        """Begin with no distance at all."""
        self.round_trip = 0.0
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def to(self, url: str, port: int = 0) -> AsyncIterator[None]:
        """Lead to `url` for the length of a block, from `port`; 0 takes a free one."""
        target = URL(url)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(writer)
            far_reader, far_writer = await asyncio.open_connection(target.host, target.port)
            try:
                await asyncio.gather(
                    self._carry(reader, far_writer, extra=self.round_trip), self._carry(far_reader, writer)
                )
            except ConnectionError:
                pass  # whoever hung up knows why
            finally:
                self._open.discard(writer)
                writer.close()
                far_writer.close()

        server = await asyncio.start_server(connected, HOST, port)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            self.hang_up()

    def hang_up(self) -> None:
        """Close all connections, as an idle one would be after some minutes."""
        for writer in list(self._open):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, extra: float = 0.0) -> None:
        """Carry bytes one way; the first of them take `extra` seconds more."""
        loop = asyncio.get_running_loop()
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, some = await on_the_way.get()
                if (wait := due - loop.time()) > 0:
                    await asyncio.sleep(wait)
                if not some:
                    with suppress(OSError):
                        writer.write_eof()
                    return
                writer.write(some)

        delivering = asyncio.create_task(deliver())
        earliest = loop.time() + extra
        try:
            some = b"begin"
            while some:
                some = await reader.read(_CHUNK)
                on_the_way.put_nowait((max(loop.time(), earliest) + self.round_trip / 2, some))
            await delivering
        finally:
            delivering.cancel()
