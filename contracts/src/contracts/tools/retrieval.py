"""Retrieval: the search over reviewed knowledge."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from contracts.base import ContractModel
from contracts.text import WRITTEN, Day, Tag
from contracts.tool import Deprecation, Family, RiskTier, ToolContract, ToolEffect


class Channel(StrEnum):
    """Where a conversation takes place; documents can be limited to some channels."""

    WEB = "web"
    SLACK = "slack"
    EMAIL = "email"


class SearchInput(ContractModel):
    """A question in the customer's words, personal data already masked; `top_k` is how many passages are wanted.

    `updated_after` leaves out what was last changed before that day (UTC).
    """

    query: str = Field(min_length=1, max_length=1000, pattern=WRITTEN)
    top_k: int = Field(default=5, ge=1, le=10)
    product_tags: tuple[Tag, ...] = Field(default=(), max_length=10)
    channel: Channel = Channel.WEB
    updated_after: Day | None = None


class Place(ContractModel):
    """A section of a passage that the search found something in: its path of headings, joined by " > ".

    `score` is that of its best window; `asked` the cosine of the nearest question that people ask there, 0 without one.
    """

    section: str
    score: float = Field(ge=0, le=1)
    asked: float = Field(default=0.0, ge=0, le=1)


class Passage(ContractModel):
    """One chunk that was found. `score` (the ranking's) and `similarity` (the cosine) are in [0, 1]; higher is better.

    `anchor` names the place on the page (without the #), `language` is that of the text (ISO 639-1), `places` are the
    sections in which something was found, best first.
    """

    chunk_id: str
    document_id: str
    title: str
    url: str
    section: str
    text: str
    score: float
    similarity: float = Field(ge=0, le=1)
    is_policy: bool = False
    updated_at: datetime
    anchor: str = ""
    language: str = "en"
    places: tuple[Place, ...] = ()


class SearchOutput(ContractModel):
    """The best passages, best first, at most one per URL unless the same page answers twice.

    `strength` in [0, 1] says how likely the passages hold the answer (`answerable`: from 0.5 on), `gap` how far the
    best document is ahead of the next one, `cover` which share of the question's content words the passages contain,
    `score` how well the best passage fits, and `missing` names the words of the question that no document has.
    """

    passages: tuple[Passage, ...]
    strength: float = Field(ge=0, le=1)
    gap: float = Field(ge=0, le=1)
    cover: float = Field(ge=0, le=1)
    answerable: bool
    score: float = Field(default=0.0, ge=0, le=1)
    missing: tuple[str, ...] = ()


SEARCH_KB = ToolContract(
    name="search_kb", family=Family.RETRIEVAL, version="1.3.0",
    description="Searches the shop's reviewed help articles and policies. Use it for every question about how "
    "things work, policies, delivery, returns, warranty, products, privacy.",
    input=SearchInput, output=SearchOutput, effect=ToolEffect.READ, scope="kb.search", risk=RiskTier.LOW,
    timeout_ms=2000, retries=2, guests=True, free_text=("query", "passages"),
    aliases=("read_kb", "retrieve_docs", "knowledge_search"), label="Searching our help pages",
    deprecations=(
        Deprecation(argument="limit", since="2026-11-21", remove_after="2027-02-21", replaced_by="top_k"),
    ),
)  # fmt: skip

CONTRACTS = (SEARCH_KB,)
