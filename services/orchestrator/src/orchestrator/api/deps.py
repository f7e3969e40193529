"""What the routes get: the caller, whose token must carry `chat:send`, and the desk with everything behind it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from orchestrator.api.disclosing import Disclosure
from orchestrator.api.intake import Intake
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.stream.hub import Hub
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.catalog import Catalog
from servicekit.auth.claims import Caller
from servicekit.auth.dependencies import require
from servicekit.db.pool import Database

CHAT_SCOPE = "chat:send"


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators of the API; built once by the composition root."""

    database: Database
    conversations: Conversations
    codec: Codec
    intake: Intake
    hub: Hub
    catalog: Catalog
    callbacks: Callbacks
    disclosure: Disclosure


async def get_desk(request: Request) -> Desk:
    """The desk of the running service. (Async: a plain function would cost a trip to a thread.)"""
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(get_desk)]
ChatCaller = Annotated[Caller, Depends(require(CHAT_SCOPE))]
