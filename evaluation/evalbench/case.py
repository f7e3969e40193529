"""A golden case: what a customer writes, and what must and must not come of it. An unknown key is an error."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.tool import RiskTier
from contracts.turn import Outcome

Who = Literal["customer", "guest", "ada", "ben", "staff"]
#: `card`: the turn waits for the customer; `with_staff`: for a colleague; `forbidden`: the message was not taken.
Ending = Literal[
    "answered", "refused", "clarify", "tool_failed", "handed_over", "declined", "expired", "with_staff", "degraded",
    "card", "forbidden",
]  # fmt: skip
Fault = Literal["down", "slow"]
Hurt = Literal["orders", "billing", "tickets", "retrieval", "brain"]
Tone = Literal["apologises", "short"]
Language = Literal["en", "de", "fr", "es", "it", "nl"]
OrderStatus = Literal["pending_payment", "processing", "shipped", "delivered", "cancelled"]
#: One word or phrase, or several of which one is enough. Case and blanks do not count.
Words = str | tuple[str, ...]
#: Outcomes in which the assistant says itself how things are.
OWN_WORD = frozenset({Outcome.ANSWERED.value, Outcome.DEGRADED.value})


class Strict(BaseModel):
    """Frozen, and nothing that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnOrder(Strict):
    """An order of the customer's. `total` is in minor units; it is paid unless its payment is pending."""

    status: OrderStatus = "shipped"
    total: int = Field(default=8_400, gt=0)
    item: str = "Ember gas stove"
    paid_days_ago: int = Field(default=3, ge=0)


class Said(Strict):
    """One message, and what its answer must be. `{order}` is the customer's first order, `{order2}` the second.

    `outcome`: any of them will do. `tools`: each was called, or one of those in an inner list. `cites`: one of these
    pages; `[]`: none at all. `confirm`: the answer to a card.
    """

    says: Annotated[str, Field(min_length=1, max_length=4_000)]
    outcome: tuple[Ending, ...] = Field(min_length=1)
    tools: tuple[Words, ...] = ()
    not_tools: tuple[str, ...] = ()
    cites: tuple[str, ...] | None = None
    has: tuple[Words, ...] = ()
    lacks: tuple[str, ...] = ()
    language: Language | None = None
    tone: tuple[Tone, ...] = ()
    confirm: bool | None = None


class Effects(Strict):
    """What exists after the conversation. Whatever is not named here must not have happened.

    `tickets` without hand-overs, `handoffs` (each has a ticket of its own), `refunds` that were paid, in minor units,
    `pending` refunds that wait for staff. A pair of numbers is the least and the most.
    """

    tickets: int | tuple[int, int] = 0
    handoffs: int | tuple[int, int] = 0
    refunds: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()


class Case(Strict):
    """One conversation. `tier` is what was at stake, `category` what it is about; both group the numbers."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    category: str
    tier: RiskTier
    who: Who = "customer"
    orders: tuple[OwnOrder, ...] = (OwnOrder(),)
    faults: dict[Hurt, Fault] = {}
    turns: tuple[Said, ...] = Field(min_length=1)
    effects: Effects = Effects()
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.faults.get("brain") == "slow":
            raise ValueError("a brain can be down, not slow")
        for said in self.turns:
            if said.confirm is not None and "card" in said.outcome:
                raise ValueError("a card that is answered is not the end of its turn")
            if both := {tool for tool in said.tools if isinstance(tool, str)} & set(said.not_tools):
                raise ValueError(f"{', '.join(sorted(both))}: must be called and must not")
        return self

    @property
    def must_not_answer(self) -> bool:
        """Whether some turn of it is to end otherwise than by the assistant's own word."""
        return any(not OWN_WORD & set(said.outcome) for said in self.turns)


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys that may stand in the YAML of a model."""
    return tuple(model.model_fields)


def filled(value: Any, places: dict[str, str]) -> Any:
    """`value` with `{order}` and the like replaced in every text of it."""
    if isinstance(value, str):
        for name, text in places.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, tuple):
        return tuple(filled(one, places) for one in value)
    return value
