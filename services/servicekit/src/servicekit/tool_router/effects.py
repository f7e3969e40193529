"""Binds a confirmation to one exact effect: the digest of a preview, and the grant that must name it."""

from contracts.base import ContractModel
from contracts.deprecation import effect_arguments
from contracts.errors import ProblemCode
from contracts.manifest import effect_digest
from contracts.tool import ApprovalRule, Confirmation, Preview
from servicekit.auth.claims import Caller
from servicekit.auth.grants import Grant, verify_grant
from servicekit.auth.verification import TokenVerifier
from servicekit.errors import ProblemError
from servicekit.tool_router.binding import PreviewDraft, ToolBinding


def preview_of(binding: ToolBinding, caller: Caller, arguments: ContractModel, draft: PreviewDraft) -> Preview:
    """The draft with its digest: sha256 over tool, subject, arguments, before, after and money moved."""
    digest = effect_digest(
        tool=binding.contract.name,
        subject=caller.subject,
        arguments=effect_arguments(binding.contract, arguments),
        before=draft.before,
        after=draft.after,
        money_moved=draft.money_moved,
    )
    return Preview(
        summary=draft.summary,
        before=dict(draft.before),
        after=dict(draft.after),
        money_moved=draft.money_moved,
        digest=digest,
        approvals=draft.approvals,
        policy=draft.policy,
        reasons=tuple(draft.reasons),
    )


def needs_approval(rule: ApprovalRule | None, arguments: ContractModel) -> bool:
    """Whether staff must have approved a call with these arguments."""
    return rule is not None and int(getattr(arguments, rule.argument)) > rule.over


async def check_grant(
    binding: ToolBinding,
    verifier: TokenVerifier,
    token: str | None,
    *,
    digest: str,
    caller: Caller,
    arguments: ContractModel,
) -> Grant:
    """The grant for this effect. Raises ProblemError(CONFIRMATION_REQUIRED | GRANT_INVALID | APPROVAL_REQUIRED)."""
    if not token:
        raise ProblemError(ProblemCode.CONFIRMATION_REQUIRED, "The customer has not confirmed this.")
    grant = await verify_grant(verifier, token, tool=binding.contract.name, digest=digest, caller=caller)
    staff_alone = binding.contract.confirmation is Confirmation.STAFF
    if not grant.approvers and (staff_alone or needs_approval(binding.approval_rule, arguments)):
        raise ProblemError(ProblemCode.APPROVAL_REQUIRED, "Staff have not approved this.")
    return grant
