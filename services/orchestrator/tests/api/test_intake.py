"""A turn that runs in this process is known without a look into the database, but only to whom it belongs."""

from dataclasses import dataclass
from typing import Any

import pytest

from contracts.turn import Answering
from orchestrator.api.intake import Intake
from orchestrator.journal.conversations import Conversation, Conversations, Identity
from orchestrator.journal.sealing import new_sealer
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import Keyring


@dataclass
class Running:
    """One turn runs here."""

    turn_id: str
    conversation: Conversation

    def conversation_of(self, turn_id: str) -> Conversation | None:
        return self.conversation if turn_id == self.turn_id else None


def _caller(issuer: str, subject: str) -> Caller:
    return Caller(subject, Role.CUSTOMER, issuer, frozenset({"chat:send"}), 0)


@pytest.fixture
def intake() -> Intake:
    keyring = Keyring.generate()
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    sealer, _, _ = new_sealer(keyring, "cnv_a")
    conversation = Conversation(
        "cnv_a", "shop", conversations.subject_hash("shop", "cust_ada"), Identity("cust_ada", None, None),
        True, "web", Answering.BOT, 0, sealer,
    )  # fmt: skip
    unused: Any = None
    return Intake(unused, conversations, *[unused] * 7, Running("trn_a", conversation))  # type: ignore[arg-type]


def test_its_owner_is_shown_the_running_turn(intake: Intake) -> None:
    found = intake.running(_caller("shop", "cust_ada"), "cnv_a", "trn_a")
    assert found is not None
    assert found.id == "cnv_a"


@pytest.mark.parametrize(
    ("issuer", "subject", "conversation_id", "turn_id"),
    [
        ("shop", "cust_ben", "cnv_a", "trn_a"),
        ("other-shop", "cust_ada", "cnv_a", "trn_a"),
        ("shop", "cust_ada", "cnv_b", "trn_a"),
        ("shop", "cust_ada", "cnv_a", "trn_b"),
    ],
)
def test_nobody_else_is(intake: Intake, issuer: str, subject: str, conversation_id: str, turn_id: str) -> None:
    assert intake.running(_caller(issuer, subject), conversation_id, turn_id) is None
