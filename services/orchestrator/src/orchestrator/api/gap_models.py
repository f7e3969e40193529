"""Bodies of the API of knowledge gaps."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.base import ContractModel
from contracts.ids import TurnId


class GapQuery(BaseModel):
    """From when on, and how many groups at most. Query parameters are text, so this model is not strict."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = None
    limit: int = Field(default=20, ge=1, le=100)


class NearestPage(ContractModel):
    """The page that the search found nearest. `extend`: near enough to add to it, instead of writing a new one."""

    title: str
    url: str
    extend: bool


class GapView(ContractModel):
    """Questions about one thing that had no good answer, in masked words.

    `customers` counts different ones (a guest once per visit). `strength` and `cover` are the search's, in [0, 1].
    Without an `outline`, `outline_missing` says why.
    """

    gap_id: TurnId
    question: str
    variants: tuple[str, ...]
    count: int
    customers: int
    first_asked: datetime
    last_asked: datetime
    reasons: dict[Literal["not_answerable", "unsupported", "thumbs_down"], int]
    channels: tuple[str, ...]
    strength: float
    cover: float
    nearest: NearestPage | None
    tickets: tuple[str, ...]
    outline: str | None
    outline_missing: str


class GapList(ContractModel):
    """The gaps, those of most customers first. `further` more are open; `noise` were left out as small talk."""

    gaps: tuple[GapView, ...]
    further: int
    noise: int


class GapDismissal(ContractModel):
    """Why this is no gap; kept with the dismissal."""

    note: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class GapDismissed(ContractModel):
    """The group is hidden, as are later questions like it, for as long as its earliest question is kept."""

    gap_id: TurnId
    dismissed: bool
