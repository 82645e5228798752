"""`python -m simulator`: serve the stand-in cloud until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from .eras import ERAS
from .simulator import Simulator
from .switches import SwitchError, Switches, parse_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; return 0 after SIGINT or SIGTERM. Wrong arguments end with 2 and a line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A stand-in for the Enlighten cloud.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--era", choices=list(ERAS), help="the same as --set auth_era=ERA")
    parser.add_argument("--set", action="append", default=[], metavar="SWITCH=VALUE", help="may be repeated")
    chosen = parser.parse_args(arguments)
    try:
        switches = parse_settings([*([f"auth_era={chosen.era}"] if chosen.era else []), *chosen.set])
    except SwitchError as error:
        parser.error(str(error))
    asyncio.run(_run(switches, chosen.host, chosen.port))
    return 0


async def _run(switches: Switches, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(switches).serve(host, port) as url:
        sys.stdout.write(f"Simulator ready: {url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
