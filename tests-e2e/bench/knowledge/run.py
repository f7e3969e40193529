"""`make bench-knowledge`: how well search finds pages and knows what it cannot answer. See README.md."""

import argparse
import asyncio
import dataclasses
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bases import bases, opened
from citations import Citations
from citations import Figures as CitationFigures
from figures import found, goals, refused
from measure import OURS, SYSTEMS, Asked, ask_all
from vectors import KeptVectors

from orchestrator.guard.output.policy import load_output_policy
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import Embedder
from servicekit.privacy import Finder

CHECKOUT = Path(__file__).parents[3]
RESULTS = CHECKOUT / "bench-results"
#: Databases of the last run, wiped at the next, and vectors, which are kept.
STATE = CHECKOUT / "var" / "bench-knowledge"
VECTORS = CHECKOUT / "var" / "bench-vectors"
HALVES = {"dev": "set on", "test": "held out"}


def main() -> int:
    """Measures, prints, writes. 0 when it ran, whatever it found; with --strict 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal was missed")
    parser.add_argument("--wrong", action="store_true", help="list the questions that went wrong")
    told = parser.parse_args()
    began = time.monotonic()
    asked, cited = asyncio.run(measured())
    for name in ("starter", "large", "all"):
        group = [one for one in asked if name in {one.base, "all"}]
        for half, meaning in HALVES.items():
            _print_group(f"{name}, {meaning}", [one for one in group if one.question.half == half])
    held_out = [one for one in asked if one.question.half == "test"]
    _print_kinds(held_out)
    print(f"\n  Answers of the offline Brain to all questions: {cited.answers}, the others were refused")
    print(f"    citations    of a page that answers, in its own words: {cited.precision:.3f} of {cited.citations}")
    print(f"    sentences    dropped by the checker: {cited.unsupported}; covered on average {cited.covered:.3f}")
    if told.wrong:
        _print_wrong(asked)
    judged = goals(held_out)
    print("\n  Goals, on the held-out questions of all bases")
    for words, met in judged:
        print(f"    {'met   ' if met else 'MISSED'}  {words}")
    missed = sum(not met for _, met in judged)
    print(f"\n  VERDICT: {len(judged) - missed} of {len(judged)} goals met, {time.monotonic() - began:.0f} s")
    print(f"  {_write(asked, cited, judged)}\n")
    return 1 if told.strict and missed else 0


async def measured() -> tuple[list[Asked], CitationFigures]:
    """What came for all questions of all bases, and how well the answers to them were cited."""
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres = EmbeddedPostgres(STATE / "postgres", fast=True)
    embedder = Embedder.load()
    vectors = KeptVectors(VECTORS, embedder)
    citations = Citations(embedder, load_output_policy(Finder.load()))
    asked: list[Asked] = []
    await asyncio.to_thread(postgres.start)
    try:
        for base in bases():
            print(f"  {base.name}: {len(base.documents)} documents, {len(base.questions)} questions", file=sys.stderr)
            async with opened(base, postgres, STATE, embedder, vectors) as ready:
                asked += await ask_all(ready, (citations,))
    finally:
        await asyncio.to_thread(postgres.stop)
        embedder.close()
    return asked, citations.figures()


def _print_group(title: str, asked: Sequence[Asked]) -> None:
    answerable = sum(bool(one.question.pages) for one in asked)
    print(f"\n  {title}: {answerable} answerable, {len(asked) - answerable} unanswerable questions")
    for system in SYSTEMS:
        figures = found(asked, system)
        print(
            f"    {system:12} recall@1 {figures.recall_at_1.value:.3f}   recall@5 {figures.recall_at_5.value:.3f} "
            f"[{figures.recall_at_5.low:.2f}, {figures.recall_at_5.high:.2f}]   nDCG@10 {figures.ndcg_at_10:.3f}"
        )
    refusals = refused(asked)
    print(f"    refused      precision {refusals.precision}")
    print(f"                 recall    {refusals.recall}")
    print(f"                 falsely   {refusals.false}")


def _print_kinds(asked: Sequence[Asked]) -> None:
    print("\n  By kind of question, held out")
    for kind in sorted({one.question.kind for one in asked}):
        group = [one for one in asked if one.question.kind == kind]
        refusals = refused(group)
        if kind == "unanswerable":
            print(f"    {kind:12} refused {refusals.recall}")
            continue
        figures = found(group, OURS)
        print(f"    {kind:12} recall@1 {figures.recall_at_1}, recall@5 {figures.recall_at_5.value:.3f}, "
              f"falsely refused {refusals.false.value:.3f}")  # fmt: skip


def _print_wrong(asked: Sequence[Asked]) -> None:
    print("\n  What went wrong")
    for one in asked:
        pages, output = one.question.pages, one.output
        if output.answerable != bool(pages):
            print(f"    {'answered' if output.answerable else 'refused'} {output.strength:.2f}  {one.question.text}")
        if pages and one.recall(OURS, 5) < 1:
            print(f"    not found  {one.question.text}  wanted {sorted(pages)[:3]}, got {one.found[OURS][:3]}")


def _write(asked: Sequence[Asked], cited: CitationFigures, judged: Sequence[tuple[str, bool]]) -> Path:
    groups = {(one.base, one.question.half, one.question.kind) for one in asked}
    by_group = []
    for base, half, kind in sorted(groups):
        group = [one for one in asked if (one.base, one.question.half, one.question.kind) == (base, half, kind)]
        systems = {system: dataclasses.asdict(found(group, system)) for system in SYSTEMS}
        refusals = dataclasses.asdict(refused(group))
        by_group.append({"base": base, "half": half, "kind": kind, "found": systems, "refused": refusals})
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "knowledge.json"
    verdicts = [{"goal": words, "met": met} for words, met in judged]
    path.write_text(
        json.dumps({"goals": verdicts, "citations": dataclasses.asdict(cited), "groups": by_group}, indent=1) + "\n",
        encoding="utf-8",
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
