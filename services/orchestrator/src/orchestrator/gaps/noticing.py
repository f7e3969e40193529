"""Is a turn that ends a gap of the knowledge base? Pure: from what the turn observed, and how it ended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.turn import Outcome, Refusal
from orchestrator.turn.state import Observed, TurnState
from servicekit.privacy.tokens import plain_tokens

MAX_QUESTION = 500
_MAX_PAGE = 300
_WORD = re.compile(r"\w")


class GapReason(StrEnum):
    """Why a question counts as unanswered."""

    NOT_ANSWERABLE = "not_answerable"
    UNSUPPORTED = "unsupported"
    THUMBS_DOWN = "thumbs_down"


@dataclass(frozen=True, slots=True)
class Gap:
    """A question without a good answer. `question` is masked; the numbers are those of the search, each in [0, 1]."""

    question: str
    reason: GapReason
    strength: float
    gap: float
    cover: float
    page_title: str
    page_url: str


def noticed(state: TurnState, refusal: Refusal | None) -> Gap | None:
    """The gap that a turn with this end leaves, if any.

    The answer rests on the last thing that was observed: it counts when that is a search and none of the turn's
    searches was answerable (`not_answerable`), or when one was and nothing that was said had support, or the Brain
    found no answer in what was found (`unsupported`).
    """
    searches = _searches(state)
    if not searches or state.observed[-1].output is not searches[-1]:
        return None
    if not any(one["answerable"] for one in searches):
        return _gap(state, searches[-1], GapReason.NOT_ANSWERABLE)
    found_nothing = refusal is None and state.outcome is Outcome.REFUSED
    if found_nothing or refusal in ("unsupported", "not_in_knowledge_base"):
        return _gap(state, searches[-1], GapReason.UNSUPPORTED)
    return None


def disliked(state: TurnState) -> Gap | None:
    """The gap that a thumbs-down leaves; None when the answer did not rest on the knowledge base."""
    searches = _searches(state)
    return _gap(state, searches[-1], GapReason.THUMBS_DOWN) if searches else None


def _searches(state: TurnState) -> list[dict[str, Any]]:
    return [one.output for one in state.observed if _is_search(one) and one.output is not None]


def _is_search(one: Observed) -> bool:
    """By what came back, not by the tool's name: a search may be called by any of its aliases."""
    return one.output is not None and "passages" in one.output and "answerable" in one.output


def _gap(state: TurnState, search: Mapping[str, Any], reason: GapReason) -> Gap | None:
    # Questions of several customers stand side by side: a token says what kind of thing it hides, and no more.
    question = plain_tokens(" ".join(state.text.split()))[:MAX_QUESTION].strip()
    if _WORD.search(question) is None:
        return None
    page: Mapping[str, Any] = next(iter(search["passages"]), {})
    return Gap(
        question=question, reason=reason, strength=_share(search, "strength"), gap=_share(search, "gap"),
        cover=_share(search, "cover"), page_title=str(page.get("title", ""))[:_MAX_PAGE],
        page_url=str(page.get("url", ""))[:_MAX_PAGE],
    )  # fmt: skip


def _share(search: Mapping[str, Any], field: str) -> float:
    return min(1.0, max(0.0, float(search.get(field, 0.0))))
