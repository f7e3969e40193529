"""The API against its own OpenAPI document (schemathesis), over real HTTP: status, media type, body, never a 5xx."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.openapi import from_url
from schemathesis.specs.openapi.schemas import OpenApiSchema

from contracts.knowledge import IngestReport
from orchestrator.api.knowledge import KnowledgePush
from orchestrator.app import build
from orchestrator.settings import Settings
from servicekit.auth.claims import Caller, Role
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer
from servicekit.testing.fuzz import MODES, held_to_document, take_too_large_for_refused
from servicekit.testing.live import live_server
from servicekit.testing.proving import how_many

pytestmark = pytest.mark.service
STAFF = (
    "approvals:decide", "console:read", "conversations:answer", "knowledge:curate", "privacy:manage", "kb.ingest",
    "tools:switch",
)  # fmt: skip
INBOUND = "/channels/email/inbound"
SIGNATURE = ("webhook-id", "webhook-timestamp", "webhook-signature")
HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)
#: 24 paths: more than 5,000 requests in all when `make prove-input` asks for the full size.
EXAMPLES = how_many(25, 150)
PATHS = [
    "/api/agent/conversations", "/api/agent/messages", "/api/agent/handoff", "/api/agent/confirmations",
    "/api/agent/stop",
    "/api/agent/feedback", "/api/agent/approvals", "/api/agent/conversations/{conversation_id}", "/api/agent/stream",
    "/api/agent/knowledge/documents", "/api/agent/knowledge/gaps", "/api/agent/knowledge/gaps/{gap_id}/dismiss",
    "/api/agent/handoffs",
    "/api/agent/staff/conversations/{conversation_id}", "/api/agent/staff/messages", "/api/agent/staff/takeover",
    "/api/agent/staff/handback",
    "/api/agent/tools", "/api/agent/tools/switches", "/api/agent/tools/phase",
    "/api/agent/usage", "/api/agent/privacy/export", "/api/agent/privacy/erase",
    "/api/agent/privacy/requests/{request_id}",
]  # fmt: skip


class Base:
    """A knowledge base that takes everything."""

    def check_addresses(self, asked: KnowledgePush, site: str) -> None:
        """All are the site's own."""

    async def push(self, asked: KnowledgePush, caller: Caller) -> IngestReport:
        """All was stored."""
        return IngestReport(source=asked.source, results=())


@dataclass(frozen=True, slots=True)
class Served:
    """The API behind a real port, with a conversation and a turn that exist."""

    schema: OpenApiSchema
    issuer: TestIssuer
    ids: dict[str, str]
    url: str

    def credentials(self, path: str = "") -> dict[str, str]:
        """Spelled as schemathesis spells it: it takes the header away to see whether anybody looks at it."""
        staff = path.endswith(("/approvals", "/usage", "/handoffs", "/tools", "/switches", "/phase")) or any(
            one in path for one in ("/knowledge/", "/staff/", "/privacy/")
        )
        return {"Authorization": self.bearer(staff=staff)["authorization"]}

    def bearer(self, *, staff: bool = False) -> dict[str, str]:
        scope, role = (STAFF, Role.STAFF) if staff else (("chat:send",), Role.CUSTOMER)
        return self.issuer.bearer("orchestrator", scope, role=role, conversation_id=None, turn_id=None, ttl_s=300)

    def make_real(self, case: Case) -> None:
        """Half of the good requests are for things that exist. (A stream would wait for its turn to end.)"""
        if case.path == "/api/agent/stream":
            return
        for part in (case.body, case.path_parameters):
            if isinstance(part, dict) and str(part.get("conversation_id", ""))[-1:] < "8":
                part.update({name: value for name, value in self.ids.items() if name in part})
                for name in part.keys() & {"client_turn_id", "client_message_id"}:
                    # An id that comes twice with another text is rightly a 422.
                    part[name] = secrets.token_hex(8)


@pytest.fixture(scope="module")
def served(api_settings: Settings) -> Iterator[Served]:
    issuer = TestIssuer.create()
    app = build(api_settings, kit_factory=lambda told: open_kit(told, issuers=[issuer.trust]))
    with live_server(app) as url:
        app.state.knowledge = Base()
        schema = from_url(f"{url}/openapi.json")
        take_too_large_for_refused(schema)
        found = Served(schema, issuer, {}, url)
        with httpx.Client(base_url=url, headers=found.bearer()) as client:
            begun = client.post("/api/agent/conversations", json={}).json()
            said = {"conversation_id": begun["conversation_id"]}
            sent = client.post("/api/agent/messages", json=said | {"text": "Hello", "client_turn_id": "one"}).json()
        found.ids.update(said, turn_id=sent["turn_id"])
        yield found


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", PATHS)
def test_what_the_document_says_is_what_is_answered(served: Served, path: str, mode: GenerationMode) -> None:
    prepare = served.make_real if mode is GenerationMode.POSITIVE else None
    for operation in served.schema[path].values():
        assert held_to_document(operation, mode, lambda: served.credentials(path), prepare, examples=EXAMPLES) > 0


def test_bad_requests_to_chat_are_refused_as_documented(served: Served) -> None:
    """Good ones wait for a worker's answer: they are sent where there is one, end to end."""
    operation = served.schema["/chat"]["POST"]
    assert held_to_document(operation, GenerationMode.NEGATIVE, served.credentials, examples=50) > 0


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.binary(max_size=2_000), kind=st.sampled_from(["message/rfc822", "application/json", "text/plain"]),
    headers=st.fixed_dictionaries({}, optional=dict.fromkeys(SIGNATURE, HEADER)),
)  # fmt: skip
def test_nothing_that_is_handed_in_without_a_signature_is_taken(
    served: Served, body: bytes, kind: str, headers: dict[str, str]
) -> None:
    """Its document knows no shape of a mail: bytes are bytes."""
    answer = httpx.post(served.url + INBOUND, content=body, headers={"content-type": kind, **headers})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert "401" in served.schema[INBOUND]["POST"].definition.raw["responses"]


def test_no_path_is_left_out(served: Served) -> None:
    # Callbacks have tokens of their own kind, which a fuzzer cannot make: test_callbacks.py.
    assert set(served.schema) == {*PATHS, "/chat", "/api/agent/tools/callback", INBOUND}
