"""Who may be offered a tool, and who may call it. Decided from identity and contract; the model has no say.

The tool service decides again, from the token: this is the first of two locks, not the only one.
"""

from collections.abc import Mapping
from typing import Any

from contracts.errors import ProblemCode
from contracts.tool import Confirmation
from orchestrator.tools.calls import CallRequest
from orchestrator.tools.entry import ToolEntry

#: The turn itself carries a hand-over out, however it is proposed.
HANDS_OVER = "handoff_human"


def may_be_offered(entry: ToolEntry, *, customer: bool, may_write: bool = True, may_prove: bool = False) -> bool:
    """Whether a Brain may propose this tool for this kind of caller; `may_prove`: a guest who can prove a mail address.

    A write that no customer confirms is the orchestrator's own (such as a Slack notice): it is never offered. Without
    `may_write`, text of others is in the turn: no write is offered but the hand-over, which raises no privilege.
    """
    opened = customer or entry.guests or (may_prove and entry.proven_address)
    if not opened or (entry.write and not may_write and entry.name != HANDS_OVER):
        return False
    unconfirmed_write = entry.write and entry.confirmation is not Confirmation.CUSTOMER
    return not unconfirmed_write or entry.name == HANDS_OVER


def is_proposed(entry: ToolEntry) -> bool:
    """Whether a Brain writes the arguments. Those of a hand-over are ours: a person is reached whatever was said."""
    return entry.name != HANDS_OVER and may_be_offered(entry, customer=True)


def refusal(entry: ToolEntry, request: CallRequest, *, preview: bool = False) -> ProblemCode | None:
    """Why this call must not be sent; None when it may. A preview changes nothing and needs no consent."""
    proven = entry.proven_address and request.proven_email is not None
    if request.role != "customer" and not entry.guests and not proven:
        return ProblemCode.UNAUTHENTICATED
    if request.tainted and entry.confirmation is Confirmation.CUSTOMER and request.digest is None:
        # The turn refuses it before; a preview would already be the first half of a write.
        return ProblemCode.CONFIRMATION_REQUIRED
    if preview:
        return None if entry.preview_path is not None else ProblemCode.TOOL_UNKNOWN
    if entry.confirmation is not Confirmation.NONE and request.digest is None:
        return ProblemCode.CONFIRMATION_REQUIRED
    if not request.approvers and (entry.confirmation is Confirmation.STAFF or needs_approval(entry, request.arguments)):
        return ProblemCode.APPROVAL_REQUIRED
    if request.subject in request.approvers:
        return ProblemCode.APPROVAL_REQUIRED
    return None


def needs_approval(entry: ToolEntry, arguments: Mapping[str, Any]) -> bool:
    """Whether staff must approve this call; an argument that cannot be compared counts as too large."""
    if entry.approval is None:
        return False
    value = arguments.get(entry.approval.argument)
    return not isinstance(value, int) or value > entry.approval.over
