"""Bodies of the privacy API: for a site's exporter and eraser of personal data."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from contracts.base import ContractModel

Customer = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
PrivacyRequestId = Annotated[str, StringConstraints(pattern=r"^prv_[0-9a-f]{32}$")]


class PersonOfSite(ContractModel):
    """`customer` is the `sub` that the caller's own issuer has for the person."""

    customer: Customer


class ExportedMessage(ContractModel):
    """One message of a conversation."""

    role: Literal["customer", "assistant", "staff"]
    text: str
    at: datetime


class ExportedOpinion(ContractModel):
    """What the customer thought of an answer."""

    turn_id: str
    thumbs: int | None
    csat: int | None
    tags: tuple[str, ...]
    comment: str


class ExportedConversation(ContractModel):
    """One conversation with what was known of who wrote."""

    conversation_id: str
    channel: str
    begun_at: datetime
    name: str | None
    email: str | None
    messages: tuple[ExportedMessage, ...]
    opinions: tuple[ExportedOpinion, ...]


class ServiceRecord(ContractModel):
    """Something that another service keeps of the person."""

    service: str
    kind: str
    id: str
    at: str
    fields: dict[str, Any]


class PersonExport(ContractModel):
    """All that is kept of the person. `missing`: services that could not be asked; ask again for the whole."""

    customer: str
    conversations: tuple[ExportedConversation, ...]
    records: tuple[ServiceRecord, ...]
    missing: tuple[str, ...]


class ErasedElsewhere(ContractModel):
    """What a service erased, by kind, and what it keeps and why."""

    erased: dict[str, int]
    kept: dict[str, str]


class ErasureView(ContractModel):
    """An erasure: here it is done at once; `state` is `done` when every other service has done it too."""

    request_id: PrivacyRequestId
    state: Literal["running", "done"]
    conversations: int
    requested_at: datetime
    done_at: datetime | None
    services: dict[str, ErasedElsewhere]
