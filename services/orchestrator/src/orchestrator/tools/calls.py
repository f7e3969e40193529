"""A tool call as the turn asks for it, and the two things that can come of it."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from contracts.errors import PROBLEMS, ErrorClass, ProblemCode
from contracts.manifest import canonical_json


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One call on behalf of `subject`. `timeout_s` is what is left of the turn.

    `args_hash` is that of the planned call, by which the journal knows it: `arguments` leave with values for tokens.
    `digest` names the effect that the customer confirmed, `approvers` the members of staff who approved it,
    `addresses` the fingerprints of their mail addresses.
    `version` is that of the contract that it was planned with, "" where the catalogue of this moment says it.
    `tainted`: text of others has entered the turn. `once`: one such call for each turn, in whatever words. `channel`:
    of the conversation, "" for what we do by ourselves. `proven_email`: the address that a guest has proven.
    """

    tool: str
    arguments: dict[str, Any]
    args_hash: str
    subject: str
    role: Literal["customer", "guest"]
    conversation_id: str
    turn_id: str
    request_id: str
    timeout_s: float
    email: str | None = None
    name: str | None = None
    digest: str | None = None
    approvers: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    tainted: bool = False
    once: bool = False
    version: str = ""
    channel: str = ""
    proven_email: str | None = None


@dataclass(frozen=True, slots=True)
class CallSucceeded:
    """The tool's answer, valid by its schema and without fields that the manifest does not name."""

    output: dict[str, Any]
    ms: float
    attempts: int
    cached: bool


@dataclass(frozen=True, slots=True)
class CallAccepted:
    """The tool answers later, within so many seconds, by calling back."""

    within_s: int
    ms: float
    attempts: int


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Why there is no answer. `detail` is ours and written for people; `attempts` is 0 when nothing was sent."""

    error_class: ErrorClass
    code: ProblemCode
    detail: str
    ms: float
    attempts: int


def failed(code: ProblemCode, *, ms: float = 0.0, attempts: int = 0) -> CallFailed:
    """The failure for `code`, in our own words."""
    kind = PROBLEMS[code]
    return CallFailed(kind.error_class, code, f"{kind.title}.", ms, attempts)


def arguments_hash(arguments: dict[str, Any]) -> str:
    """32 hex digits of SHA-256 over the canonical JSON of the arguments."""
    return hashlib.sha256(canonical_json(arguments)).hexdigest()[:32]


def idempotency_key(request: CallRequest) -> str:
    """The key of a write: a repeated step of the same turn has the same one, anything else another."""
    told = "once" if request.once else arguments_hash(request.arguments)
    return f"{request.conversation_id}:{request.turn_id}:{request.tool}:{told}"
