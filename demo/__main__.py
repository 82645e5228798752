"""`make demo`: bring all of it up, say where it is, and run until interrupted."""

import argparse
import asyncio
import contextlib
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from demo.appdaemon import AppDaemon
from demo.home_assistant import HomeAssistant
from demo.lane import CHECKOUT
from demo.onboarding import PASSWORD, USER
from demo.ports import free_port
from demo.processes import Process, StartError, running
from demo.simulator import NEWEST_ERA, Simulator

_FOLDER = CHECKOUT / ".demo"
_APP = "enphase_battery"

# Something to look forward to on the page; both leave the day to the toggles.
_WINDOWS = [
    {"name": "Night rate", "control": "charge_from_grid", "start": "02:00", "end": "05:00", "target_soc": 90},
    {"name": "Evening peak", "control": "discharge_to_grid", "start": "17:00", "end": "19:00", "target_soc": 30},
]
_SIGNED_IN_SECONDS = 60.0


async def bring_up(stack: AsyncExitStack, era: str) -> list[Process]:
    """Start everything, bound to `stack`, and say where it is; return what now runs.

    Raises:
        StartError: a part did not come up.
    """
    begun = time.monotonic()
    logs = _FOLDER / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    _say(f"Starting the simulated Enlighten cloud of {era} ...")
    simulator = await stack.enter_async_context(running(Simulator(logs / "simulator.log", era)))

    _say("Starting Home Assistant (longer the first time) ...")
    home_assistant = HomeAssistant(_FOLDER / "home-assistant", logs / "home-assistant.log", free_port(8123))
    await stack.enter_async_context(running(home_assistant))

    _say("Starting AppDaemon with the app ...")
    # The simulator starts empty each time, so what the app remembers of an earlier one is wrong.
    shutil.rmtree(_FOLDER / "appdaemon", ignore_errors=True)
    log, port = logs / "appdaemon.log", free_port(5050)
    appdaemon = AppDaemon(_FOLDER / "appdaemon", log, home_assistant, port, follow_edits=True)
    await stack.enter_async_context(running(appdaemon))
    appdaemon.add_app(_APP, simulator.url, windows=_WINDOWS)
    async with home_assistant.socket() as socket:

        async def signed_in() -> bool:
            return (await socket.states()).get("sensor.enphase_jwt", {}).get("state") == "OK"

        await appdaemon.process.until(signed_in, _SIGNED_IN_SECONDS)

    _say(f"All of it came up in {time.monotonic() - begun:.0f} s. Log files: {logs.relative_to(CHECKOUT)}")
    _say(f"The simulated cloud, as it is now: {simulator.url}/__control/model")
    _say(f"Ready: {home_assistant.dashboard_url} user {USER} password {PASSWORD} (Ctrl-C ends it)")
    return [simulator.process, home_assistant.process, appdaemon.process]


async def run(era: str) -> int:
    """Run the demo until a signal comes or a part of it fails; return the exit code."""
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    async with AsyncExitStack() as stack:
        failing = asyncio.create_task(_failure(stack, era))
        stopping = asyncio.create_task(interrupted.wait())
        await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            print(failing.result(), file=sys.stderr)
            return 1
        failing.cancel()
        await asyncio.wait({failing})
        _say("\nEnding ...")
    return 0


async def _failure(stack: AsyncExitStack, era: str) -> str:
    """Bring all of it up and return only when a part fails: what happened."""
    try:
        running = [asyncio.create_task(process.ended()) for process in await bring_up(stack, era)]
    except StartError as error:
        return str(error)
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    return done.pop().result()


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--era", default=NEWEST_ERA, help="the simulated cloud's year and month (default %(default)s)")
    with _alone(_FOLDER) as alone:
        if not alone:
            print("A demo runs already in this checkout.", file=sys.stderr)
            return 1
        return asyncio.run(run(parser.parse_args().era))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the folder for this process; False if another demo holds it."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
