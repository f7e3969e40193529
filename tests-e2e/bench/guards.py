"""What all guards together add to one turn: `make bench-guards`, some seconds, no server, no network, no model.

A turn is a message of 500 characters and an answer of 500: the message is judged and masked, an order is masked, and
the answer is checked sentence by sentence as it streams, and once more as a whole. The answer is in the
words of the pages first, as the offline Brain quotes them; then every other sentence is in words of its own, as a model
writes them, which has to be compared with all pages. Each turn has other words, so that nothing remembered helps. Time
is processor time, the least of several runs of a turn: whoever else uses the machine adds to it, nobody takes away.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from orchestrator.guard.answer import Phrases, check_answer
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.gate import Reading, StreamGate
from orchestrator.guard.input.judging import InputGuard
from orchestrator.guard.input.screen import InputScreen
from orchestrator.guard.masking import IdMask
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.guard.vault import Vault
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics

ROOT = Path(__file__).parents[2]
ARTICLES = ROOT / "services" / "retrieval" / "src" / "retrieval" / "knowledge"
LENGTH, TURNS, RUNS = 500, 200, 5
BARS_MS = {"p50": 5.0, "p95": 15.0}
ASKS = (
    "I ordered a {thing} for my brother and it has still not arrived.", "Where is my order ABC{n:03d}?",
    "The parcel service says that it was delivered on the {d} of March.", "My e-mail is kim{n}@mail.example.",
    "Could you please check whether the {thing} can still be exchanged?", "I paid {n}.50 EUR for it.",
    "You can reach me at +49 30 {n:03d}45678 in the evening.", "Thank you very much for your help.",
    "How long do I have to send the {thing} back if it does not fit?", "It was a present, and the box is open.",
)  # fmt: skip
#: Other words for the same, as a model finds them.
OTHER_WORDS = (
    ("You can ", "It is possible to "), ("We ", "Our shop will "), ("The ", "That "), (" is ", " will be "),
    (" your ", " the "), ("within ", "in at most "), (" can ", " may "), (" get ", " receive "),
)  # fmt: skip
THINGS = ("tent", "stove", "lantern", "hatchet", "kettle", "blanket", "rucksack", "canoe paddle", "wool jumper")


class Turn:
    """The guards' work on one turn."""

    def __init__(self, finder: Finder, dice: random.Random, pages: list[dict[str, str]], *, reworded: bool) -> None:
        self.message = _message(dice)
        self.vault = Vault(dice.randbytes(32), finder, ("Kim Weber",))
        self.pages = dice.sample(pages, 5)
        lines = [line for page in self.pages[:2] for line in page["text"].split("\n") if line[:1].isalpha()]
        said = " ".join(lines)[:LENGTH].rsplit(". ", 1)[0].split(". ")
        self.answer = ". ".join(_reworded(one) if reworded and at % 2 else one for at, one in enumerate(said)) + "."
        self.order = {"order_id": f"ABC{dice.randrange(999):03d}", "status": "shipped", "ship_to": "Burlington"}

    async def run(self, screen: InputScreen, policy: Any, spend: Callable[[str, float], None]) -> None:
        """Each step with the processor time that it took, in seconds."""
        clock = time.process_time
        began = clock()
        screened = screen.screened(self.message)
        spend("judge the message", clock() - began)
        began = clock()
        asked = self.vault.mask(screened.text)
        spend("mask the message", clock() - began)
        began = clock()
        order = self.vault.mask_fields(self.order, ("ship_to",))
        spend("mask an order", clock() - began)
        outputs = [{"passages": self.pages}, order]
        began = clock()
        grounds = Grounds(outputs=[self.vault.reveal_orders_in(one) for one in outputs], asked=(asked,))
        checker = AnswerChecker(grounds, policy)
        mask = IdMask(self.vault.orders())
        reading = Reading(
            lambda: checker, lambda _text: False, self.vault.reveal_orders, lambda text: mask(self.vault.show(text))
        )
        gate = StreamGate(reading, _unheard, time.monotonic)
        for word in self.answer.split(" "):
            await gate(f"{word} ")
        await gate.finish(self.answer)
        spend("check the stream", clock() - began)
        began = clock()
        phrases = Phrases(unsupported="No source.", withheld="Withheld.", nearest="Nearest: {page}.")
        check_answer(self.answer, (), (), grounds, mask, phrases, policy, checker)
        spend("check the answer", clock() - began)


def main() -> int:
    """Prints a row per guard and a verdict per bar; 1 with --strict when one was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bar was missed")
    told = parser.parse_args()
    answers = {"quoted": False, "half in own words": True}
    figures = {name: asyncio.run(_measured(reworded=reworded)) for name, reworded in answers.items()}
    met: dict[str, bool] = {}
    for name, steps in figures.items():
        print(f"{f'answer {name}':<28}{'p50 ms':>9}{'p95 ms':>9}")
        for step, (p50, p95) in steps.items():
            print(f"  {step:<26}{p50:>9.2f}{p95:>9.2f}")
        for bar, reached in zip(BARS_MS, steps["all together"], strict=True):
            met[f"{name} {bar}"] = reached < BARS_MS[bar]
            verdict = "met   " if reached < BARS_MS[bar] else "MISSED"
            print(f"  {verdict}  {bar} below {BARS_MS[bar]:.0f} ms a turn: {reached:.2f} ms")
    path = ROOT / "bench-results" / f"guards-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"turns": TURNS, "figures_ms": figures, "met": met}, indent=2) + "\n")
    print(f"written to {path.relative_to(ROOT)}")
    return int(told.strict and not all(met.values()))


async def _measured(*, reworded: bool) -> dict[str, tuple[float, float]]:
    dice, finder = random.Random(7), Finder.load()
    screen, policy = InputScreen(InputGuard.load(), Metrics()), load_output_policy(finder)
    pages = [_page(number, file) for number, file in enumerate(sorted(ARTICLES.rglob("*.md")))]
    spent: dict[str, list[float]] = {}
    for number in range(TURNS + 10):
        seed, rounds = dice.random(), list[dict[str, float]]()
        for _ in range(RUNS):
            rounds.append({})
            await Turn(finder, random.Random(seed), pages, reworded=reworded).run(
                screen, policy, rounds[-1].__setitem__
            )
        if number < 10:
            continue  # the first ones compile patterns
        least = {name: min(one[name] for one in rounds) * 1000 for name in rounds[0]}
        for name, took in (*least.items(), ("all together", sum(least.values()))):
            spent.setdefault(name, []).append(took)
    return {name: _percentiles(values) for name, values in spent.items()}


def _percentiles(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20)
    return cuts[9], cuts[18]


def _reworded(sentence: str) -> str:
    for written, said in OTHER_WORDS:
        sentence = sentence.replace(written, said)
    return sentence


def _message(dice: random.Random) -> str:
    said = ""
    while len(said) < LENGTH:
        said += (
            dice.choice(ASKS).format(thing=dice.choice(THINGS), n=dice.randrange(999), d=dice.randrange(1, 28)) + " "
        )
    return said[:LENGTH]


def _page(number: int, file: Path) -> dict[str, str]:
    text = file.read_text(encoding="utf-8").split("\n---\n", 1)[-1]
    url = f"https://shop.example/help/{file.stem}"
    return {"chunk_id": f"c{number}", "title": file.stem.title(), "url": url, "text": text[:1500], "section": ""}


async def _unheard(_text: str, _offset: int) -> None:
    """Nobody listens."""


if __name__ == "__main__":
    sys.exit(main())
