"""A storm of faults and wishes. CHAOS_MINUTES says how long, CHAOS_SEED which one: the same seed, the same storm.

CHAOS_SITE says on which kind of site, of those in the catalogue; else the seed does.
"""

import os
from typing import Any

import pytest
import pytest_asyncio

from tests.stack.chaos.catalogue import STORE_TRUNCATED
from tests.stack.chaos.machines import APP
from tests.stack.chaos.plan import draw
from tests.stack.chaos.secrecy import events_with_numbers, findings, lines_with_numbers
from tests.stack.chaos.storm import POLL_SECONDS, REQUESTS_PER_HOUR, Aftermath, describe, rage

_MINUTES = float(os.environ.get("CHAOS_MINUTES") or 1.5)
_SEED = int(os.environ.get("CHAOS_SEED") or 3)
_SITE = os.environ.get("CHAOS_SITE") or None
# What the harness itself writes: the account for AppDaemon, and its own token.
_HARNESS = ("secrets.yaml", ".token")
_GROWTH_MIB, _GROWTH_FILES = 20.0, 10


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seen(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Aftermath:
    folder = tmp_path_factory.mktemp("chaos")

    def say(line: str) -> None:
        capture = pytestconfig.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            pytestconfig.get_terminal_writer().line(line)

    plan = draw(_SEED, 60 * _MINUTES, _SITE)
    say(f"\nchaos: seed {plan.seed}, {_MINUTES:g} minutes, site: {plan.site}, {plan.era}; files in {folder}")
    seen = await rage(plan, folder)
    (folder / "diary.txt").write_text(describe(seen), encoding="utf-8")
    counters, doubtful = seen.cloud.counters(), sum(bool(one.doubtful) for one in seen.diary.made)
    say(
        f"chaos: {len(seen.weather.spells)} faults, {len(seen.diary.made)} wishes ({doubtful} of them doubtful, "
        f"{seen.people.skipped} left out), {counters['requests']} requests, {counters['logins']} logins, "
        f"{counters['writes']} writes; calm after {seen.calm_after:.0f} s; growth {seen.gauges.growth()}"
    )
    return seen


async def test_after_the_storm_the_cloud_is_as_wished_last_and_stays_so(seen: Aftermath) -> None:
    assert seen.unsettled == "", describe(seen)
    assert seen.stirred == "", describe(seen)


async def test_nothing_was_confirmed_that_was_not_so(seen: Aftermath) -> None:
    assert seen.witness.wrong == [], describe(seen)


async def test_no_control_was_said_to_be_enforced_or_not_that_was_otherwise_at_the_gateway(seen: Aftermath) -> None:
    assert seen.witness.unlike == [], describe(seen)


async def test_nothing_was_refused_that_the_cloud_did_not_refuse(seen: Aftermath) -> None:
    assert seen.witness.refused() == [], describe(seen)


async def test_every_command_that_was_heard_had_one_final_answer(seen: Aftermath) -> None:
    damage = [spell.begin for spell in seen.weather.spells if spell.kind.name == STORE_TRUNCATED]
    # What was open when the store was damaged is forgotten, or answered again.
    heard = {number: made for number, made in seen.people.commands.items() if made.heard}
    sure = [number for number, made in heard.items() if not any(made.at < moment for moment in damage)]
    answers = {number: seen.witness.answers.get(number, []) for number in sure}
    assert {number: one for number, one in answers.items() if len(one) != 1} == {}, describe(seen)


async def test_what_the_owner_made_in_the_enphase_app_stands_as_it_was(seen: Aftermath) -> None:
    assert seen.cloud.foreign_now() == seen.cloud.foreign


async def test_logins_and_requests_keep_within_the_guards(seen: Aftermath) -> None:
    counters: dict[str, Any] = seen.cloud.counters()
    assert counters["logins"] <= 1 + seen.weather.logins(), describe(seen)
    assert counters["logins_refused"] == 0
    times = [one.at.timestamp() for one in seen.cloud.asked if not one.path.startswith("/__control")]
    assert max(sum(begin <= at < begin + 3600 for at in times) for begin in times) <= REQUESTS_PER_HOUR
    lasted = times[-1] - times[0]
    assert len(times) <= 5 * lasted / POLL_SECONDS + 25 * len(seen.diary.made) + 10 * len(seen.weather.spells)


async def test_memory_and_open_files_stay_flat(seen: Aftermath) -> None:
    grown = seen.gauges.growth()
    assert {pid: one for pid, one in grown.items() if one[0] > _GROWTH_MIB or one[1] > _GROWTH_FILES} == {}


async def test_no_secret_is_anywhere_in_the_output(seen: Aftermath) -> None:
    store = {path for path in seen.machines.store.parent.rglob("*") if path.is_file()}
    files = {path for path in seen.folder.rglob("*") if path.is_file() and path.name not in _HARNESS} - store
    assert seen.cloud.secrets
    assert {path.name.partition("-")[0] for path in (seen.folder / "pages").iterdir()} == {"admin", "command"}
    assert findings(sorted(files), seen.cloud.secrets) == []
    assert lines_with_numbers(seen.log, APP, seen.people.codes) == []
    assert events_with_numbers(seen.transcript, f"sensor.{APP}_jwt", seen.people.codes) == []


async def test_the_store_is_its_owners_alone(seen: Aftermath) -> None:
    assert seen.gauges.modes == {0o700, 0o600}


async def test_the_app_met_nothing_unexpected(seen: Aftermath) -> None:
    log = seen.log.read_text(encoding="utf-8", errors="replace")
    bad = (f" ERROR {APP}:", "please report")
    # By its frames: AppDaemon tells with a trace of its own when Home Assistant dies while it is told a state.
    own_traces = [line for line in log.splitlines() if line.startswith("  File ") and "/enphase_battery/" in line]
    assert [line for line in log.splitlines() if any(one in line for one in bad)] + own_traces == []
