"""What staff and sites do stands in the audit trail, in the transaction that does it."""

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.api.deps import Desk
from servicekit import audit
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.encoding import digest_of
from servicekit.telemetry.current import request_context


async def record_step(
    db: Connection, desk: Desk, caller: Caller, step: str, about: Mapping[str, str], *, relaxed: bool = False
) -> None:
    """Record that the caller has done `step`; of `about` a digest is kept, and the conversation that it names.
    `relaxed`: for what only reads.
    """
    context = request_context()
    named = replace(caller, conversation_id=about.get("conversation_id", caller.conversation_id))
    await audit.record(
        db, caller=named, tool=step, outcome="ok", now=desk.intake.clock.now(), arguments_digest=digest_of(about),
        request_id=context.request_id if context else "", relaxed=relaxed,
    )  # fmt: skip
