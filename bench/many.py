"""What becomes of the memory when very many wishes come true: on a clock that jumps, in a process of its own.

`python -m bench.many 10000` carries wishes out and prints the memory of the process (MiB) after each tenth of them, as
JSON. In it run the real AppDaemon with the app, and the simulated cloud and Home Assistant, whose logs are emptied.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import tempfile
from pathlib import Path

from bench.counts import START
from bench.load import resident
from bench.table import Figure, Mark
from demo.lane import CHECKOUT
from tests.lab.lab import lab
from tests.stack.phone import DISCHARGE

_STAGES = 10
_FLAT = Mark(at_most=1.0)

# Wishes that are further apart than reads may be late, and are not mixed with polls.
_APART_MINUTES = 3
# They are more in an hour than the app carries out, unless it is told otherwise.
_SETTINGS = {"class": "TirelessBattery", "poll": "06:00:00", "requests_per_hour": 1000}


async def measure(number: int) -> list[Figure]:
    """Let so many wishes come true in another process.

    Raises:
        RuntimeError: One did not.
    """
    command = (sys.executable, "-m", "bench.many", str(number))
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the wishes did not all come true")
    memory = json.loads(output.splitlines()[-1])
    # What is needed to carry out wishes at all, and what Python keeps in hand for them, is there after two tenths.
    return [
        Figure(f"memory of the whole process after each tenth of {number} wishes", "MiB", memory),
        Figure("more after the last tenth than after the second", "MiB", [memory[-1] - memory[1]], _FLAT),
    ]


async def _live(number: int) -> list[float]:
    """Let wishes come true; return the memory after each tenth."""
    memory = []
    with tempfile.TemporaryDirectory() as folder:
        async with lab(Path(folder), start=START, app=_SETTINGS, switches={"activation_delay": 0.0}) as one:
            for wish in range(1, number + 1):
                await one.flip(DISCHARGE, "on" if wish % 2 else "off")
                await one.advance(minutes=_APART_MINUTES)
                if one.control(DISCHARGE)["outcome"] != "confirmed":
                    raise RuntimeError(f"wish {wish} was not confirmed: {one.control(DISCHARGE)}")
                if wish % (number // _STAGES) == 0:
                    one.cloud.clear_log()
                    for kept in (one.log, one.ha.events, one.ha.calls, one.ha.published):
                        kept.clear()
                    gc.collect()
                    memory.append(resident("self"))
    return memory


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(asyncio.run(_live(int(sys.argv[1])))))
