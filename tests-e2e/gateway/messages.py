"""What customers write, by the thousand: this repository's questions and help pages, and messages that quote code."""

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path

import yaml

from contracts.turn import MAX_TEXT

_ROOT = Path(__file__).resolve().parents[2]
_QUOTES = yaml.safe_load((Path(__file__).parent / "quoted.yaml").read_text("utf-8"))


def questions() -> list[str]:
    """The questions that other tests and benches of this repository ask, each once."""
    benign = (_ROOT / "services/orchestrator/tests/guard/data/benign.txt").read_text("utf-8").splitlines()
    asked = [line for line in benign if line and not line.startswith("#")]
    for file in sorted((_ROOT / "tests-e2e/bench/knowledge/questions").glob("*.yaml")):
        asked += [one["q"] for one in yaml.safe_load(file.read_text("utf-8"))]
    labelled = yaml.safe_load((_ROOT / "services/retrieval/tests/data/questions.yaml").read_text("utf-8"))
    asked += [one["q"] for group in labelled.values() for one in group]
    return list(dict.fromkeys(asked))


def sentences() -> list[str]:
    """The lines of all help pages, as customers paste them."""
    pages = [*(_ROOT / "services/retrieval/src/retrieval/knowledge").glob("*.md"),
             *(_ROOT / "tests-e2e/bench/knowledge/corpus/pages").rglob("*.md")]  # fmt: skip
    lines = [line.strip() for page in sorted(pages) for line in page.read_text("utf-8").splitlines()]
    return list(dict.fromkeys(line for line in lines if len(line) > 15))


def messages(many: int, seed: int = 7) -> list[str]:
    """`many` messages, the same for the same seed: a fifth as they stand, the others with something quoted."""
    dice = random.Random(seed)
    asked, pasted = questions(), sentences()
    made = dict.fromkeys(dice.sample(asked, min(len(asked), many // 5)))
    while len(made) < many:
        made[_made(dice, asked, pasted)] = None
    return list(made)


def _made(dice: random.Random, asked: list[str], pasted: list[str]) -> str:
    kind = dice.randrange(10)
    if kind < 3:
        return f"{dice.choice(asked)} {dice.choice(pasted)}"[:MAX_TEXT]
    quoted = [quote.replace("{n}", str(dice.randrange(10_000))) for quote in dice.sample(_QUOTES["quoted"], 3)]
    if kind < 8:
        frame = dice.choice(_QUOTES["frames"])
        return frame.format(asked=dice.choice(asked), quoted=quoted[0], pasted=dice.choice(pasted))
    # Small hits add up in a long text.
    long = "\n".join([dice.choice(asked), *(dice.choice(_QUOTES["quoted"]) for _ in range(40)), *quoted])
    return long[: MAX_TEXT - dice.randrange(500)]


def read_messages(file: Path) -> Iterator[str]:
    """Messages of somebody else's: a CSV's column `text`, or JSON with lists of [message, label]."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as rows:
            yield from (row["text"].strip() for row in csv.DictReader(rows))
        return
    for rows in json.loads(file.read_text("utf-8")).values():
        yield from (row[0] for row in rows)
