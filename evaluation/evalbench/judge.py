"""A language model that grades answers by the rubric, beside how far it agrees with people. Never a gate."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from evalbench.playing import Played
from evalbench.rubric import POINTS, Exchange, Grades, Label, instructions, kappa
from orchestrator.brain.factory import build_llm
from orchestrator.brain.llm.completing import complete
from orchestrator.brain.llm.port import LlmFailure, LlmPort, LlmRequest
from orchestrator.brain.settings import LlmSettings
from servicekit.http.aiohttp_client import AiohttpClient

AT_ONCE = 4
_TIMEOUT_S = 60.0
_MOST_TOKENS = 200
#: Agreement below this is called weak (Landis and Koch call 0.41 to 0.60 moderate).
WEAK = 0.4


def settings(environment: Mapping[str, str] = os.environ) -> LlmSettings:
    """The model that the environment names (`AIGUY_LLM_MODEL` and what it needs); without one `llm_model` is None."""
    known = {name: environment.get(f"AIGUY_{name.upper()}") for name in LlmSettings.model_fields}
    return LlmSettings.model_validate({name: value for name, value in known.items() if value})


def conversation(played: Played) -> Exchange:
    """A run as the judge reads it."""
    lines = []
    for answer in played.answers:
        quotes = "; ".join(f"{source.title}: {source.quote}" for source in answer.sources) or "none"
        tools = ", ".join(sorted(answer.tools)) or "none"
        lines += [
            f"Customer: {answer.said.says}",
            f"(tools: {tools}; ended: {answer.ending}; sources: {quotes})",
            f"Assistant: {answer.text}",
        ]
    return Exchange(said="\n".join(lines))


async def judge(runs: Sequence[Played], labels: Sequence[Label], told: LlmSettings) -> dict[str, Any]:
    """The mean grade of each point, and kappa against the labels. `ran` false says why nothing was graded."""
    if not told.llm_model:
        return {"ran": False, "why": "no model is configured (AIGUY_LLM_MODEL)"}
    http = AiohttpClient()
    try:
        llm, gate = build_llm(told, http), asyncio.Semaphore(AT_ONCE)

        async def graded(one: Exchange) -> Grades | None:
            async with gate:
                return await _grades(llm, told.llm_model or "", one)

        answers = await asyncio.gather(*(graded(conversation(one)) for one in runs))
        again = await asyncio.gather(*(graded(Exchange(said=label.said)) for label in labels))
    finally:
        await http.close()
    return _told(told.llm_model, answers, labels, again)


async def _grades(llm: LlmPort, model: str, one: Exchange) -> Grades | None:
    """None when the model did not answer, or not in the rubric's shape: counted, and never guessed."""
    messages = ({"role": "system", "content": instructions()}, {"role": "user", "content": one.said})
    request = LlmRequest(
        model=model, messages=messages, temperature=0.0, max_tokens=_MOST_TOKENS, timeout_s=_TIMEOUT_S,
        idle_timeout_s=_TIMEOUT_S, schema=Grades.model_json_schema(),
    )  # fmt: skip
    try:
        completion = await complete(llm, request, _ignore)
        return Grades.model_validate_json(completion.text.strip().removeprefix("```json").removesuffix("```"))
    except (LlmFailure, ValidationError):
        return None


def _told(
    model: str, answers: Sequence[Grades | None], labels: Sequence[Label], again: Sequence[Grades | None]
) -> dict[str, Any]:
    graded = [one for one in answers if one is not None]
    pairs = [(label.grades, one) for label, one in zip(labels, again, strict=True) if one is not None]
    means = {point: round(fmean(one.of(point) for one in graded), 3) if graded else None for point in POINTS}
    agreement = {point: _rounded(kappa([a.of(point) for a, _ in pairs], [b.of(point) for _, b in pairs]))
                 for point in POINTS}  # fmt: skip
    failed = sum(one is None for one in (*answers, *again))
    points = ", ".join(f"{name} {_shown(means[name])} of 2 (kappa {_shown(agreement[name])})" for name in POINTS)
    weak = [name for name, value in agreement.items() if value is None or value < WEAK]
    summary = f"{model} graded {len(graded)}: {points}; kappa is of {len(pairs)} labels"
    summary += f"; not to be relied on for {', '.join(weak)}" if weak else ""
    summary += f"; {failed} could not be graded" if failed else ""
    return {"ran": True, "model": model, "graded": len(graded), "means": means, "kappa": agreement,
            "labels": len(pairs), "failed": failed, "summary": summary}  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


async def _ignore(_piece: str) -> None:
    """Nobody watches a judge."""
