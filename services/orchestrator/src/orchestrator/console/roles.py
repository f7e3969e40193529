"""Who may do what at the console: roles are names for scopes, and each action checks its scope, as in the JSON API."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.deps import CONSOLE_SCOPE
from orchestrator.api.staff_steps import ANSWER_SCOPE
from orchestrator.api.switching import SWITCH_SCOPE

AUDIT_SCOPE = "audit:read"


class ConsoleRole(StrEnum):
    """What somebody is at the console; one may be several."""

    VIEWER = "viewer"
    AGENT = "agent"
    APPROVER = "approver"
    ADMIN = "admin"


SCOPES: Mapping[ConsoleRole, frozenset[str]] = {
    ConsoleRole.VIEWER: frozenset({CONSOLE_SCOPE}),
    ConsoleRole.AGENT: frozenset({CONSOLE_SCOPE, ANSWER_SCOPE}),
    ConsoleRole.APPROVER: frozenset({CONSOLE_SCOPE, APPROVE_SCOPE}),
    ConsoleRole.ADMIN: frozenset({CONSOLE_SCOPE, ANSWER_SCOPE, APPROVE_SCOPE, AUDIT_SCOPE, SWITCH_SCOPE}),
}
ALL_SCOPES = frozenset().union(*SCOPES.values())


def scopes_of(roles: Iterable[ConsoleRole]) -> frozenset[str]:
    """What somebody with these roles may do."""
    return frozenset[str]().union(*(SCOPES[role] for role in roles))


def roles_of(scopes: frozenset[str]) -> tuple[ConsoleRole, ...]:
    """The roles that somebody with these scopes has, without those that another of them includes."""
    held = [role for role, needed in SCOPES.items() if needed <= scopes]
    return tuple(role for role in held if not any(SCOPES[role] < SCOPES[other] for other in held))


def actor_of(scopes: frozenset[str]) -> str:
    """How the audit names the console and the roles of whoever acts there: `console:agent+approver`."""
    return "console:" + "+".join(roles_of(scopes))
