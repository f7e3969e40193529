"""Documents of the knowledge base as they are handed in, whatever they came from; and what became of them.

`POST /internal/ingest-knowledge` of the retrieval service. It is no tool: no Brain is ever offered it.
"""

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, field_validator

from contracts.base import ContractModel
from contracts.schema import canonical_json
from contracts.text import ONE_LINE, WRITTEN, Tag
from contracts.tools.retrieval import Channel

INGEST_PATH = "/internal/ingest-knowledge"
INGEST_SCOPE = "kb.ingest"
INGEST_MAX_BYTES = 2 * 1024 * 1024
MAX_BODY = 400_000
MAX_DOCUMENTS = 200
MAX_HEADINGS = 200
MAX_QUESTIONS = 50

Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
#: A page's address, or `kb:` and a path for a document that has none: such a one is cited by its title alone.
Url = Annotated[str, StringConstraints(pattern=r"^(https?://|kb:)[!-~]+$", max_length=500)]

Question = Annotated[str, StringConstraints(pattern=ONE_LINE, min_length=1, max_length=300)]
Heading = Annotated[str, StringConstraints(pattern=ONE_LINE, max_length=300)]


def _whole(value: object) -> object:
    # JSON knows one kind of number: 30.0 is the integer 30.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def document_id(url: str) -> str:
    """What a document with this URL is called: a short name derived from it."""
    return "doc_" + hashlib.sha256(url.encode()).hexdigest()[:16]


class Document(ContractModel):
    """One page of knowledge in Markdown. Its URL is its identity: the same URL again replaces it.

    Only `reviewed` documents are ever found. `channels` are where it may be shown. `ttl_days` after `updated_at`
    it is stale and left out; None means never. `asked` are questions that people put to the section under a heading, in
    their own words: the section is found by them too, and they are never shown. Under a heading that the page does not
    have, they are put to how it begins.
    """

    url: Url
    title: str = Field(min_length=1, max_length=200, pattern=ONE_LINE)
    body: str = Field(min_length=1, max_length=MAX_BODY, pattern=WRITTEN)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    channels: tuple[Channel, ...] = Field(default=tuple(Channel), min_length=1, max_length=len(Channel))
    is_policy: bool = False
    reviewed: bool = False
    updated_at: AwareDatetime
    ttl_days: Annotated[int, Field(ge=1, le=36_500), BeforeValidator(_whole)] | None = None
    asked: Annotated[
        dict[Heading, Annotated[tuple[Question, ...], Field(max_length=MAX_QUESTIONS)]],
        # The document of the API says it too: a heading of another form is refused.
        Field(max_length=MAX_HEADINGS, json_schema_extra={"additionalProperties": False}),
    ] = {}

    @field_validator("updated_at")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise ValueError("is beyond the calendar in UTC") from None

    @property
    def id(self) -> str:
        """A short name derived from the URL."""
        return document_id(self.url)

    def digest(self, *context: str) -> str:
        """SHA-256 (hex) of everything that its index entries are made from, `context` included."""
        # Without questions the same as before there were any: no page is stored anew for their sake.
        left_out = None if self.asked else {"asked"}
        return hashlib.sha256(canonical_json([self.model_dump(mode="json", exclude=left_out), *context])).hexdigest()


class IngestRequest(ContractModel):
    """Documents to store. With `full_set` these are all documents of `source`: its other ones are deleted.

    `remove` names single documents of `source` that are no more; what is not there, or another source's, is skipped.
    """

    documents: tuple[Document, ...] = Field(max_length=MAX_DOCUMENTS)
    source: Source = "api"
    full_set: bool = False
    remove: tuple[Url, ...] = Field(default=(), max_length=MAX_DOCUMENTS)


class Action(StrEnum):
    """What became of a document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"
    SKIPPED = "skipped"


class Outcome(ContractModel):
    """One document's result; `detail` says why it failed or was skipped."""

    url: str
    action: Action
    chunks: int = 0
    detail: str = ""


class IngestReport(ContractModel):
    """What an ingest did. `searchable` is false when the index could not follow yet; it will by itself."""

    source: str
    results: tuple[Outcome, ...]
    searchable: bool = True

    def count(self, action: Action) -> int:
        """How many documents ended so."""
        return sum(1 for one in self.results if one.action is action)
