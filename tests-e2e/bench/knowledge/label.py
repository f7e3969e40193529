"""Labelled answers for `aiguy escalation tune`: `python tests-e2e/bench/knowledge/label.py FILE`.

Each question of the bench is searched and answered offline; the answer is wrong when none of its citations is of a page
that answers. What the guard refused is no answer, and left out; where the search itself found none, the score is 0.
"""

import asyncio
import json
import shutil
import sys
from pathlib import Path

from bases import Labelled, bases, opened
from citations import Citations
from run import STATE, VECTORS
from vectors import KeptVectors

from contracts.tools.retrieval import SearchInput, SearchOutput
from orchestrator.confidence.facts import Facts, SearchSeen
from orchestrator.confidence.signals import readings
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import Embedder


async def labelled() -> list[dict[str, object]]:
    """One row per answer."""
    rows = []
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres = EmbeddedPostgres(STATE / "postgres", fast=True)
    embedder = Embedder.load()
    vectors = KeptVectors(VECTORS, embedder)
    citations = Citations(embedder)
    await asyncio.to_thread(postgres.start)
    try:
        for base in bases():
            print(f"  {base.name}: {len(base.questions)} questions", file=sys.stderr)
            async with opened(base, postgres, STATE, embedder, vectors) as ready:
                for question in ready.base.questions:
                    asked = await ready.searcher.search(SearchInput(query=question.text))
                    row = await _row(question, asked, citations)
                    if row is not None:
                        rows.append(row)
    finally:
        await asyncio.to_thread(postgres.stop)
        embedder.close()
    return rows


async def _row(question: Labelled, output: SearchOutput, citations: Citations) -> dict[str, object] | None:
    cited = await citations.judge(question, output)
    if cited.refusal is not None and output.answerable:
        return None
    seen = SearchSeen(output.strength, output.gap, output.cover, output.answerable)
    signals = {one.name: round(one.value, 3) for one in readings(Facts(searches=(seen,), covered=cited.covered))}
    return {"tier": "low", "wrong": cited.right == 0, "signals": signals}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("".join(f"{json.dumps(row)}\n" for row in asyncio.run(labelled())))
