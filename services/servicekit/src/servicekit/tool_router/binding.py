"""How a service ties code to a contract: `ToolBinding(contract, handler, preview)`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.money import Money
from contracts.registry import AnyContract
from contracts.tool import ApprovalRule, Confirmation
from servicekit.auth.claims import Caller
from servicekit.auth.grants import Grant
from servicekit.clock import Clock
from servicekit.context import Kit
from servicekit.db.pool import Connection


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """What a handler is given.

    `db`: for a read a connection without a transaction (of the replica when there is one); for a write THE transaction
    that also stores the idempotent answer and the audit entry. A handler never commits.
    """

    caller: Caller
    db: Connection
    clock: Clock
    request_id: str
    idempotency_key: str | None
    grant: Grant | None
    kit: Kit


@dataclass(frozen=True, slots=True)
class PreviewDraft:
    """What a write would do, before the router adds the digest. `before` and `after` name what changes, as text."""

    summary: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    money_moved: Money | None = None


#: In and Out are the contract's models; the router checks both.
ToolHandler = Callable[[ToolRequest, Any], Awaitable[Any]]
ToolPreview = Callable[[ToolRequest, Any], Awaitable[PreviewDraft]]


@dataclass(frozen=True, slots=True)
class ToolBinding:
    """One implemented tool. `approval` replaces the contract's rule, for a shop that sets another limit."""

    contract: AnyContract
    handler: ToolHandler
    preview: ToolPreview | None = None
    approval: ApprovalRule | None = None

    def __post_init__(self) -> None:
        if self.contract.confirmation is Confirmation.CUSTOMER and self.preview is None:
            raise ValueError(f"{self.contract.name} needs a confirmation, so it needs a preview")

    @property
    def approval_rule(self) -> ApprovalRule | None:
        """The rule that holds here."""
        return self.approval or self.contract.approval
