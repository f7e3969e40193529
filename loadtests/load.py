"""Customers by the dozen on the whole product, behind its front door: `make load` and `make soak`. See README.md."""

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / "tests-e2e" / "support"), str(ROOT / "tests-e2e" / "bench"),
    str(ROOT / "services" / "tickets" / "tests"),
]  # fmt: skip

from loadbench.finding import find  # noqa: E402 - after the path to what the tests share
from loadbench.mailbox import Mailbox, mailbox  # noqa: E402
from loadbench.measuring import measure  # noqa: E402
from loadbench.overload import SECONDS, overload  # noqa: E402
from loadbench.pinning import pin  # noqa: E402
from loadbench.profiling import profile  # noqa: E402
from loadbench.report import costs, document, judged, kinds, say  # noqa: E402
from loadbench.samples import read_samples  # noqa: E402
from loadbench.scaling import scale  # noqa: E402
from loadbench.stack import LoadedStack, NoDoorError, loaded_stack  # noqa: E402
from loadbench.swarming import Run, install  # noqa: E402
from loadbench.targets import Targets  # noqa: E402
from loadbench.twins import SHARING, TWINS, twin  # noqa: E402

from onebox.running import run_until_signal  # noqa: E402
from onebox.stack import StackError  # noqa: E402
from servicekit.embedded import EmbeddedError  # noqa: E402
from servicekit.embedded.files import DirectoryLock  # noqa: E402
from turnbench.children import BenchError  # noqa: E402

FLASH = "flash"
SCENARIOS = ("mixed", "greeting", "faq", "order", "two-tools", "refund", "reconnecting", FLASH, "each")
MOST_USERS, MOST_SECONDS, MOST_TURNS = 512, 3600, 200_000
INTERRUPTED = 130
#: What is promised at the end of a rush may take so long to be answered, in seconds.
MAILED_WITHIN_S = 300.0
#: Who is answered at all is to be answered within the targets: nobody may wait much longer than a turn takes.
RUSHED = {"AIGUY_TURN_ADDED_S": "0.25", "AIGUY_QUEUE_PATIENCE_S": "0.4", "AIGUY_QUEUE_MAILS": "20000"}
#: What the front door lets in, beside what is carried.
LET_IN = 1.15


def told_by(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="mixed")
    parser.add_argument("--users", type=int, default=16, help="customers who each have a turn under way (16)")
    parser.add_argument("--seconds", type=int, default=180, help="how long (180)")
    parser.add_argument("--turns", type=int, default=MOST_TURNS, help="at most so many turns")
    parser.add_argument("--think", type=float, default=0.0, help="seconds between an answer and the next message (0)")
    parser.add_argument("--targets", type=Path, default=ROOT / "loadtests" / "targets.yaml")
    parser.add_argument("--find", action="store_true", help="the most customers within the targets, and what they cost")
    parser.add_argument("--overload", action="store_true", help="three and five times the turns that can be carried")
    parser.add_argument("--capacity", type=float, help="turns per second that are carried; else found first")
    parser.add_argument("--at-once", type=int, help="the most turns that the orchestrator runs at once")
    parser.add_argument("--profile", action="store_true", help="where one orchestrator's processor time goes")
    parser.add_argument("--scale", action="store_true", help="the same load with each part of the product twice")
    parser.add_argument("--twice", choices=TWINS, help="a second process of this part, whatever is measured")
    parser.add_argument("--judge", type=Path, metavar="FILE", help="only judge the turns of an earlier run again")
    parser.add_argument(
        "--state", type=Path, default=ROOT / "var" / "load", help="databases and logs; wiped at the start"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results")
    told = parser.parse_args(arguments)
    if not (1 <= told.users <= MOST_USERS and 10 <= told.seconds <= MOST_SECONDS and 1 <= told.turns <= MOST_TURNS):
        parser.error(f"at most {MOST_USERS} customers, {MOST_SECONDS} s (10 at least) and {MOST_TURNS} turns")
    return told


def main() -> int:
    """Runs, prints, writes. 0: all targets were met; 1: one was missed, or the run failed."""
    told = told_by(sys.argv[1:])
    targets = Targets.read(told.targets)
    if told.judge is not None:
        samples = read_samples(told.judge)
        print(f"{kinds(samples)}\n{judged(verdicts := targets.judge(samples))}")
        return int(not all(one.met for one in verdicts))
    return run_until_signal(load(told, targets), say, interrupted=INTERRUPTED)


async def load(told: argparse.Namespace, targets: Targets) -> int:
    """One load test, from the first process to the last line."""
    told.state.parent.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(told.state.with_suffix(".lock"))
    try:
        lock.acquire()
        shutil.rmtree(told.state, ignore_errors=True)
        told.state.mkdir()
        say(f"  {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
        await install()
        with mailbox() as post:
            async with (
                loaded_stack(told.state, _told_stack(told, post)) as stack,
                twin(stack, told.twice, told.state),
            ):
                return await _run(stack, told, targets, post)
    except EmbeddedError:
        say("  a load test runs here already; two at once would measure each other")
    except (BenchError, StackError, NoDoorError) as error:
        say(f"  {error}")
    finally:
        lock.release()
    return 1


def _told_stack(told: argparse.Namespace, post: Mailbox) -> dict[str, str]:
    at_once = {} if told.at_once is None else {"AIGUY_WORKER_CONCURRENCY": str(told.at_once)}
    at_once |= SHARING if told.scale or told.twice else {}
    if not told.overload:
        return at_once
    # What a shop sets that knows what it carries.
    known = {} if told.capacity is None else {"AIGUY_GATEWAY_MESSAGES": f"{round(LET_IN * told.capacity)}r/s"}
    return at_once | post.environment | RUSHED | known


async def _run(stack: LoadedStack, told: argparse.Namespace, targets: Targets, post: Mailbox) -> int:
    told.results.mkdir(exist_ok=True)
    file = told.results / f"load-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    measured = partial(measure, stack, folder=told.state)
    scenario = "mixed" if told.scenario == FLASH else told.scenario
    wrote: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0]}
    settled = partial(post.settled, stack.stack.addresses.databases["orchestrator"], MAILED_WITHIN_S)
    met = True
    if told.overload:
        ours, beside = pin(stack.groups())
        say(f"  the product on {ours} of the cores, model and customers on {beside}")
    if told.find or (told.overload and told.capacity is None):
        found = await find(measured, targets, scenario, settled)
        met = found.users > 0
        print(
            f"\n  carried within the targets: {found.users} customers at once, {found.per_second:.1f} turns per second"
        )
        wrote |= {"carried": {"users": found.users, "per_second": found.per_second}, "steps": found.steps}
        told.capacity = found.per_second
        if found.at_half is not None:
            wrote["half"] = document(found.at_half)
            print(f"\n  at half of it:\n{costs(found.at_half)}\n  added by us, p95: {wrote['half']['added_p95_ms']} ms")
    if told.overload and told.capacity:
        verdicts, wrote["overload"] = await overload(
            measured, told.capacity, scenario, settled, min(told.seconds, SECONDS)
        )
        met = all(one.met for one in verdicts)
        print(f"\n{judged(verdicts)}")
    if told.scale:
        run = Run("scale", scenario, told.users, told.seconds, think_s=told.think)
        wrote["scale"] = await scale(stack, measured, targets, run, told.state)
    elif told.profile:
        looked = await profile(stack, measured, Run("profile", scenario, told.users, told.seconds), told.state)
        wrote["profile"] = looked.document()
        print(f"\n  {looked.looks} looks\n\n{looked.tables()}\n")
    elif not (told.find or told.overload):
        run = Run("load", scenario, told.users, told.seconds, told.scenario == FLASH, None, told.think, told.turns)
        found_here = await measured(run, html=file.with_suffix(".html"))
        verdicts = targets.judge(found_here.samples)
        met = all(one.met for one in verdicts)
        wrote |= document(found_here, verdicts)
        print(f"{kinds(found_here.samples)}\n\n{costs(found_here)}\n\n{judged(verdicts)}")
    file.with_suffix(".json").write_text(json.dumps(wrote | {"targets_of": asdict(targets)}, indent=2) + "\n")
    print(f"  written to {file.with_suffix('.json')}")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
