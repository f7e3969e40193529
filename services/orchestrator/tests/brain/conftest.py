"""What the tests of the Brain share: specs of the real contracts, contexts, a scripted model, real embeddings."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.registry import CONTRACTS
from contracts.schema import input_schema
from contracts.turn import Role
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.port import BrainContext, Message, Observation, ToolSpec
from scripted_llm.running import RunningLlm, running_llm
from servicekit.embedding import Embedder
from servicekit.http.aiohttp_client import AiohttpClient

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

ContextMaker = Callable[..., BrainContext]


@pytest.fixture(scope="session")
def tools() -> tuple[ToolSpec, ...]:
    """Every tool that a customer's assistant is offered."""
    return tuple(
        ToolSpec(one.name, one.description, input_schema(one.input), one.is_write, one.aliases)
        for one in CONTRACTS
        if one.name not in ("slack_post_message", "email_answer")
    )


@pytest.fixture(scope="session")
def ask(tools: tuple[ToolSpec, ...]) -> ContextMaker:
    """Makes a context: `ask("Where is ABC123?", "earlier", "its answer", observations=…)`."""

    def make(question: str, *earlier: str, observations: tuple[Observation, ...] = (), **changes: Any) -> BrainContext:
        roles = (Role.CUSTOMER, Role.ASSISTANT)
        history = tuple(Message(roles[index % 2], text) for index, text in enumerate(earlier))
        values: dict[str, Any] = {
            "conversation_id": "cnv_1", "turn_id": "trn_1", "customer": True, "channel": "web", "question": question,
            "history": history, "summary": "", "tools": tools, "observations": observations, "now": NOW,
        }  # fmt: skip
        return BrainContext(**(values | changes))

    return make


class Shown:
    """Receives streamed text as the stream of a turn does: an empty piece starts the text anew."""

    def __init__(self) -> None:
        self.text = ""
        self.pieces = 0
        self.retracted = 0
        self.started = asyncio.Event()

    async def __call__(self, piece: str) -> None:
        if not piece:
            self.retracted += 1
            self.text = ""
        self.text += piece
        self.pieces += 1
        self.started.set()


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
async def server() -> AsyncIterator[RunningLlm]:
    async with running_llm() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[AiohttpClient]:
    client = AiohttpClient()
    yield client
    await client.close()


@pytest.fixture(scope="session")
def embedder() -> Iterator[Embedder]:
    loaded = Embedder.load()
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def examples_embedded(embedder: Embedder) -> OfflineBrain:
    """One offline Brain for all tests: it holds nothing of a conversation."""
    return OfflineBrain(embedder)


@pytest.fixture
def offline(examples_embedded: OfflineBrain) -> OfflineBrain:
    return examples_embedded


@pytest.fixture(scope="session")
def search_result() -> Callable[..., Observation]:
    """An observation of `search_kb` with the given passages: triples of title, slug and text."""

    def make(query: str, *passages: tuple[str, str, str], answerable: bool = True) -> Observation:
        rows = [
            {"chunk_id": f"{slug}#0", "document_id": slug, "title": title, "url": f"https://shop.example/help/{slug}",
             "text": text, "score": 1.0, "similarity": 0.8, "updated_at": "2026-01-01T00:00:00Z"}
            for title, slug, text in passages
        ]  # fmt: skip
        output = {"passages": rows, "strength": 0.9, "gap": 0.3, "cover": 0.9, "answerable": answerable}
        return Observation("search_kb", {"query": query}, output)

    return make
