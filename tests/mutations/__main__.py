"""Put one fault after the other into the app's rules, and see whether a test notices it: python -m tests.mutations.

A mutation that survives all tests is a rule that nobody looks after, or a fault that nobody could notice.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

from .mutated import Mutation, NotOnce, mutations
from .runs import noticed_by, stages


def tried(mutation: Mutation, runs: list[list[str]]) -> tuple[str, str]:
    """Return what became of a mutation, and the line that tells it."""
    began = monotonic()
    try:
        test = noticed_by(mutation, runs)
    except NotOnce as fault:
        outcome, words = "broken", str(fault)
    else:
        outcome, words = ("caught", test) if test else ("survived", mutation.fault)
    return outcome, f"{outcome:<8}  {mutation.id:<45}  {monotonic() - began:4.0f} s  {words}"


def main() -> int:
    """Read the command line, run, and print a line for each mutation; 1 if one is broken."""
    every = {one.id: one for one in mutations()}
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("id", nargs="*", help="which mutations; without: all of them")
    parser.add_argument("--all", action="store_true", help="also the rest of tests/unit, and tests/scenarios")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many at a time")
    options = parser.parse_args()
    if unknown := set(options.id) - every.keys():
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}")
    began, runs, sums = monotonic(), stages(everything=options.all), Counter[str]()
    if failing := noticed_by(None, runs):
        sys.exit(f"A test fails without any mutation: {failing}")
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome, line in pool.map(partial(tried, runs=runs), [every[one] for one in options.id or every]):
            sums[outcome] += 1
            print(line, flush=True)  # noqa: T201  # this is what it is for
    counts = ", ".join(f"{sums[one]} {one}" for one in ("caught", "survived", "broken"))
    print(f"{sums.total()} mutations: {counts}, in {(monotonic() - began) / 60:.0f} min")  # noqa: T201
    return 1 if sums["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
