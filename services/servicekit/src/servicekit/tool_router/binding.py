"""How a service ties code to a contract: `ToolBinding(contract, handler, preview)`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    that also stores the idempotent answer and the audit entry. A handler never commits. `basis` is that of the draft
    which the grant was checked against, in this very transaction.
    """

    caller: Caller
    db: Connection
    clock: Clock
    request_id: str
    idempotency_key: str | None
    grant: Grant | None
    kit: Kit
    basis: object | None = None


@dataclass(frozen=True, slots=True)
class PreviewDraft:
    """What a write would do, before the router adds the digest. `before` and `after` name what changes, as text.

    `approvals`, `policy` and `reasons` say who must agree, and are no part of the digest: the service decides them anew
    when the write runs. `basis` is whatever the draft rests on, so that the write need not look for it again.
    """

    summary: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    money_moved: Money | None = None
    approvals: int = 0
    policy: str = ""
    reasons: Sequence[str] = ()
    basis: object | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a `submit` is given: there is no transaction; it opens its own, each as short as can be."""

    caller: Caller
    clock: Clock
    request_id: str
    idempotency_key: str
    kit: Kit


#: In and Out are the contract's models; the router checks both.
ToolHandler = Callable[[ToolRequest, Any], Awaitable[Any]]
ToolPreview = Callable[[ToolRequest, Any], Awaitable[PreviewDraft]]
ToolBegin = Callable[[ToolRequest, Any], Awaitable[None]]
ToolSubmit = Callable[[Submission, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ToolBinding:
    """One implemented tool. `approval` replaces the contract's rule, for a shop that sets another limit.

    A write whose effect lies outside of our database has two parts more. `begin` runs in a transaction of its own, with
    the grant checked, and makes the intent durable; `submit` then carries it out, outside of any transaction. Both are
    run again when a call is repeated before its answer was stored, so they recognise what they did by the key; and a
    `preview` that is asked with that key says what it said the first time, so that the digest stays the same.
    """

    contract: AnyContract
    handler: ToolHandler
    preview: ToolPreview | None = None
    approval: ApprovalRule | None = None
    begin: ToolBegin | None = None
    submit: ToolSubmit | None = None

    def __post_init__(self) -> None:
        if self.contract.confirmation is not Confirmation.NONE and self.preview is None:
            raise ValueError(f"{self.contract.name} needs a confirmation, so it needs a preview")
        if (self.begin is None) != (self.submit is None):
            raise ValueError(f"{self.contract.name} needs both `begin` and `submit`, or neither")

    @property
    def approval_rule(self) -> ApprovalRule | None:
        """The rule that holds here."""
        return self.approval or self.contract.approval
