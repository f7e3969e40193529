"""A tool is a contract: one typed object gives the route, the schema, the manifest, the client, the model's
tool spec, the scope, the time-out, the retry rule and the approval rule.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import Field

from contracts.base import ContractModel, OpenModel
from contracts.ids import Digest
from contracts.money import Money

InT = TypeVar("InT", bound=ContractModel)
OutT = TypeVar("OutT", bound=ContractModel)


class Family(StrEnum):
    """A tool family is one deployable service."""

    ORDERS = "orders"
    BILLING = "billing"
    TICKETS = "tickets"
    RETRIEVAL = "retrieval"


class ToolEffect(StrEnum):
    """Whether a call can change anything."""

    READ = "read"
    WRITE = "write"


class RiskTier(StrEnum):
    """How much evidence the turn needs before it trusts an answer that rests on this tool."""

    LOW = "low"
    PRIVATE = "private"
    MONEY = "money"


class Confirmation(StrEnum):
    """Who must agree to the exact effect before it runs."""

    NONE = "none"
    CUSTOMER = "customer"
    #: Staff alone: it carries out, or ends, what a customer has confirmed before.
    STAFF = "staff"


class ApprovalRule(ContractModel):
    """Staff approval is needed when the integer argument `argument` is greater than `over`; `over=-1` is "always"."""

    argument: str
    over: int


class Deprecation(OpenModel):
    """An argument on its way out. Dates are ISO days.

    With `replaced_by` it is an old name: same meaning, same values, and the model has the new name only. Without, it is
    still a field of the model and still works. Once `removed` a call that gives it is refused, and told what to use.
    """

    argument: str
    since: str
    remove_after: str
    replaced_by: str | None = None
    removed: bool = False


class Preview(ContractModel):
    """What a write *would* do. The digest binds confirmation, approval and execution to exactly this effect.

    `approvals` is how many members of staff must approve after the customer's yes, `policy` the clause that says so,
    and `reasons` are for those who decide.
    """

    summary: str
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    money_moved: Money | None = None
    digest: Digest
    approvals: int = Field(default=0, ge=0)
    policy: str = ""
    reasons: tuple[str, ...] = ()


#: In the place of field names: each of them.
EVERY_FIELD = "*"


@dataclass(frozen=True, slots=True)
class ToolContract(Generic[InT, OutT]):
    """One tool.

    `timeout_ms` is what the caller waits for the whole call; `retries` are further attempts within what an early
    transient error has left of it, made only when the tool is a read or the call has an idempotency key. `redact`
    names the fields of input and output that never reach a log, a trace or a prompt. `guests` says whether a guest may
    call it, `proven_address` whether a guest may who has proven a mail address: the service decides by its own records
    what belongs to that address. Reads alone.

    `free_text` names the fields of running text: what others than us may have written in an output, and arguments that
    may say anything. A tool that does not tell is taken at its worst.

    A tool that may take long has `answers_within_s`: it may answer 202 at once, and calls back within so many seconds.
    A write may answer that it waits for staff (`approvals_needed` in its output). `approved_by` names the tool that
    then carries it out, `closed_by` the one that ends it; both take the output's field `ref` as an argument.
    """

    name: str
    family: Family
    version: str
    description: str
    input: type[InT]
    output: type[OutT]
    effect: ToolEffect
    scope: str
    risk: RiskTier
    timeout_ms: int
    retries: int = 0
    cache_ttl_s: int = 0
    answers_within_s: int = 0
    confirmation: Confirmation = Confirmation.NONE
    approval: ApprovalRule | None = None
    approved_by: str | None = None
    closed_by: str | None = None
    ref: str | None = None
    guests: bool = False
    proven_address: bool = False
    aliases: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    free_text: tuple[str, ...] = (EVERY_FIELD,)
    deprecations: tuple[Deprecation, ...] = ()
    method: str = "POST"
    label: str = field(default="")

    @property
    def path(self) -> str:
        """The route on the family's service."""
        return f"/tools/{self.name}"

    @property
    def preview_path(self) -> str:
        """The route that says what a write would do, without doing it."""
        return f"/tools/{self.name}/preview"

    @property
    def is_write(self) -> bool:
        """Writes need an idempotency key, and a grant when they need a confirmation."""
        return self.effect is ToolEffect.WRITE
