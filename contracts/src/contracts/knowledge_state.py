"""How the knowledge base stands, as the retrieval service tells the orchestrator. It is no tool: no Brain asks."""

from pydantic import AwareDatetime

from contracts.base import ContractModel, OpenModel

STATE_PATH = "/internal/knowledge/state"
STATE_SCOPE = "kb.state"


class StateQuery(ContractModel):
    """Asks how it stands; there is nothing to choose."""


class SourceState(OpenModel):
    """The last run of a source; `error` is why it failed, or what was refused last."""

    source: str
    kind: str
    state: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    documents: int
    error: str


class StaleDocument(OpenModel):
    """A document past its time: search leaves it out."""

    title: str
    url: str
    source: str
    stale_since: AwareDatetime


class KnowledgeState(OpenModel):
    """The index is `up_to_date` when it has all that is stored. `fresh` documents are found; `stale` ones are past
    their time, `unreviewed` ones were not approved. `stale_documents` are the oldest of them, at most 50.
    """

    index: str
    up_to_date: bool
    fresh: int
    stale: int
    unreviewed: int
    chunks: int
    pending_windows: int
    changed_at: AwareDatetime | None
    sources: tuple[SourceState, ...]
    stale_documents: tuple[StaleDocument, ...]
