"""What became of an e-mail, as the tickets service tells the orchestrator. It is no tool: no Brain ever asks."""

from typing import Literal

from pydantic import Field

from contracts.base import ContractModel

OUTCOME_PATH = "/internal/mails/outcome"
OUTCOME_SCOPE = "tickets.mail_outcome"


class MailQuery(ContractModel):
    """Which message: the `message_id` that the tool which sent it has answered."""

    message_id: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")


class MailOutcome(ContractModel):
    """`waiting` is still tried; `failed` was refused or given up, for this `reason`, a short word; of an `unknown` one
    there is nothing, or nothing any more.
    """

    state: Literal["waiting", "sent", "failed", "unknown"]
    reason: str = ""
