"""A one-time code for somebody who is signed in, once for the JSON API and the console. Audited."""

from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk
from orchestrator.channels.slack.links import Links
from servicekit.auth.claims import Caller


async def invite(desk: Desk, links: Links, caller: Caller) -> str:
    """The code, told once. What staff may do in Slack is what the caller may do now. Raises FORBIDDEN for guests."""
    subject_hash = desk.conversations.subject_hash(caller.issuer, caller.subject)
    async with desk.database.transaction() as db:
        code = await links.invite(db, caller, subject_hash)
        await record_step(db, desk, caller, "slack_code", {})
    return code
