"""How good the agent is: golden conversations with the whole product, judged by rules. `make eval`; see README.md."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "evaluation"), str(ROOT / "tests-e2e" / "support")]

from evalbench.baseline import accept, compare  # noqa: E402 - after the path to what the tests share
from evalbench.corpus import BadCases, chosen, read_cases  # noqa: E402
from evalbench.judge import judge, settings  # noqa: E402
from evalbench.pages import help_pages  # noqa: E402
from evalbench.personas import PERSONAS  # noqa: E402
from evalbench.recorded_command import COMMANDS  # noqa: E402
from evalbench.recorded_command import main as recorded_command  # noqa: E402
from evalbench.report import Results, table, transcripts, write  # noqa: E402
from evalbench.rubric import BadLabels, read_labels  # noqa: E402
from evalbench.running import AT_ONCE, SETTINGS, Tried, run_cases  # noqa: E402
from evalbench.simulating import simulate  # noqa: E402
from evalbench.thinking import OFFLINE_SETTINGS, who_thought  # noqa: E402

from e2e.machine import Machine  # noqa: E402
from onebox.demo.warming import warm  # noqa: E402
from onebox.local_llm.installing import LocalLlmError, provide_model  # noqa: E402
from onebox.local_llm.model import LocalLlm  # noqa: E402
from onebox.report import ConsoleReport  # noqa: E402
from onebox.running import run_until_signal  # noqa: E402
from onebox.stack import StackError  # noqa: E402
from servicekit.embedded import EmbeddedError  # noqa: E402
from servicekit.embedded.files import DirectoryLock  # noqa: E402

OFFLINE, LOCAL = "offline", "local"
INTERRUPTED = 130
MOST_RUNS = 32


def told_by(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="NAMES", help="ids, their beginnings, categories or tiers, with commas")
    parser.add_argument("--k", type=int, default=4, help="how often each case is run; it passes when all runs do (4)")
    parser.add_argument(
        "--brain",
        default=OFFLINE,
        help="offline, local (a model on this machine), or one as litellm names it (offline)",
    )
    parser.add_argument("--results", type=Path, default=ROOT / "bench-results", help="where the report goes")
    parser.add_argument("--show", action="store_true", help="print what was said in the cases that failed")
    parser.add_argument("--accept", action="store_true", help="take this run as the baseline")
    parser.add_argument("--state", type=Path, default=ROOT / "var" / "eval", help="databases and logs; wiped first")
    told = parser.parse_args(arguments)
    if not 1 <= told.k <= MOST_RUNS:
        parser.error(f"--k is between 1 and {MOST_RUNS}")
    if told.accept and told.only:
        parser.error("a baseline is of all cases: --accept goes without --only")
    return told


def main() -> int:
    """Runs, prints, writes. 0: nothing is worse than the baseline; 1: something is; 2: it could not be tried."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        return recorded_command(sys.argv[1:])
    told = told_by(sys.argv[1:])
    try:
        # Before anything runs: the first time it is installed, which takes minutes.
        llm = LocalLlm(provide_model(ConsoleReport())) if told.brain == LOCAL else None
    except LocalLlmError as error:
        print(f"VERDICT: it could not be tried: {error}", file=sys.stderr)
        return 2
    return run_until_signal(evaluate(told, llm), partial(print, flush=True), interrupted=INTERRUPTED)


async def evaluate(told: argparse.Namespace, llm: LocalLlm | None) -> int:
    """One evaluation, from the first process to the verdict."""
    try:
        cases, labels = chosen(read_cases(), told.only), read_labels()
    except (BadCases, BadLabels) as error:
        print(f"{error}\nVERDICT: the cases or labels cannot be used", file=sys.stderr)
        return 2
    told.state.parent.mkdir(parents=True, exist_ok=True)
    lock = DirectoryLock(told.state.with_suffix(".lock"))
    began = time.monotonic()
    try:
        lock.acquire()
        shutil.rmtree(told.state, ignore_errors=True)
        told.state.mkdir()
        told.state.chmod(0o755)
        machine = Machine(told.state, _settings(told.brain), llm)
        beside: list[Tried] = []
        thought = ""
        try:
            await machine.start()
            await machine.deepened()
            pages = help_pages()
            if llm is not None:
                await warm(machine.stack, ConsoleReport())
            # One model on one machine: side by side they would only wait for each other.
            at_once = AT_ONCE if llm is None else 1
            tried = await run_cases(machine, cases, told.k, pages, _progress, _settings(told.brain), at_once)
            personas = [] if told.only else await simulate(machine, PERSONAS, pages)
            if llm is not None:
                thought = await who_thought(machine.stack, tried)
                beside = await run_cases(machine, cases, told.k, pages, _progress, OFFLINE_SETTINGS)
        finally:
            await machine.stop()
    except EmbeddedError:
        print("an evaluation runs here already", file=sys.stderr)
        return 2
    except (StackError, AssertionError) as error:
        print(f"VERDICT: it could not be tried: {error}", file=sys.stderr)
        return 2
    finally:
        lock.release()
    judged = await judge([one.runs[0] for one in tried], labels, settings())
    compared = compare(tried, told.brain, whole=told.only is None)
    results = Results(
        told.brain, told.k, tried, compared, time.monotonic() - began, datetime.now(UTC), judged, personas, beside,
        thought,
    )  # fmt: skip
    if told.show:
        print(transcripts([*tried, *personas]))
    print(table(results))
    await asyncio.to_thread(write, results, told.results)
    if told.accept:
        accept(tried, told.brain, told.k)
        print("  taken as the baseline")
    print(results.verdict)
    return int((bool(compared.regressed) and not told.accept) or bool(results.odd_personas))


def _settings(brain: str) -> dict[str, str]:
    if brain in (OFFLINE, LOCAL):
        return dict(SETTINGS)
    own = {name: value for name, value in os.environ.items() if name.startswith("AIGUY_LLM_")}
    return {**SETTINGS, **own, "AIGUY_LLM_MODEL": brain}


def _progress(done: int, total: int) -> None:
    if sys.stdout.isatty():
        print(f"\r  {done} of {total} conversations", end="" if done < total else "\n", flush=True)
    elif done % max(1, total // 10) == 0 or done == total:
        print(f"  {done} of {total} conversations", flush=True)


if __name__ == "__main__":
    sys.exit(main())
