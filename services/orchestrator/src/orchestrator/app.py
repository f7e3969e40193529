"""The orchestrator's composition root. The test door: pass a `kit_factory`."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from contracts.knowledge import INGEST_MAX_BYTES
from orchestrator.api.approvals import approvals_router
from orchestrator.api.callbacks import callbacks_router
from orchestrator.api.conversations import conversations_router
from orchestrator.api.decisions import decisions_router
from orchestrator.api.demo import demo_router
from orchestrator.api.embed import embed_router
from orchestrator.api.gaps import gaps_router
from orchestrator.api.knowledge import PUSH_PATH, knowledge_router
from orchestrator.api.privacy import privacy_router
from orchestrator.api.staff import staff_router
from orchestrator.api.stream import stream_router
from orchestrator.api.tools import tools_router
from orchestrator.api.usage import usage_router
from orchestrator.api.wellknown import wellknown_router
from orchestrator.channels.email.routes import INBOUND_PATH, MAX_BODY_BYTES, email_router
from orchestrator.channels.email.signing import WebhookSecret
from orchestrator.channels.slack.routes import EVENTS_PATH, INTERACTIONS_PATH, slack_router
from orchestrator.channels.slack.routes import MAX_BODY_BYTES as SLACK_BYTES
from orchestrator.console.router import console_router
from orchestrator.numbers import NUMBERS
from orchestrator.retention import retention
from orchestrator.settings import Settings, load_issuers
from orchestrator.wiring import orchestrate
from servicekit.app import KitFactory, create_app
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.kit import open_kit
from servicekit.sealing.keyfile import KeyringFile

#: What a page of another origin may send, and read, besides what every page may.
_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Accept-Language")
_READ = ("X-Aiguy-Conversation-Id", "X-Aiguy-Turn-Id", "Retry-After")

_BODIES = {
    PUSH_PATH: INGEST_MAX_BYTES, INBOUND_PATH: MAX_BODY_BYTES, EVENTS_PATH: SLACK_BYTES, INTERACTIONS_PATH: SLACK_BYTES,
}  # fmt: skip


def build(settings: Settings, *, kit_factory: KitFactory | None = None) -> FastAPI:
    """The app. Raises ValueError when keys are missing or the demo page is asked for outside of one's own machine."""
    if settings.master_key_file is None:
        raise ValueError("AIGUY_MASTER_KEY_FILE is needed: conversations are sealed with it")
    keys = KeySet.load(settings.signing_keys)
    keyring = KeyringFile(settings.master_key_file, SystemClock())
    minter = TokenMinter(keys, settings.token_issuer, SystemClock())
    routers = [
        conversations_router(), decisions_router(), approvals_router(), callbacks_router(), stream_router(),
        gaps_router(), knowledge_router(), privacy_router(), staff_router(), tools_router(), usage_router(),
        wellknown_router(keys),
        embed_router(), console_router(),
    ]  # fmt: skip
    if secret := settings.email_webhook_secret.get_secret_value():
        routers.append(email_router(WebhookSecret.read(secret)))
    if settings.slack_on:
        routers.append(slack_router(settings.slack_signing_secret.get_secret_value()))
    if settings.demo:
        routers.append(_demo(settings))
    issuers = load_issuers(settings.issuers_file)
    site = next((one.iss for one in issuers if one.staff_of is None), settings.token_issuer)
    app = create_app(
        settings=settings,
        title="AIGuy orchestrator",
        routers=routers,
        body_limits=_BODIES,
        numbers=NUMBERS,
        tables=retention(settings),
        kit_factory=kit_factory
        or (lambda told: open_kit(told, issuers=issuers, http=AiohttpClient(limit=settings.requests_at_once))),
        startup=lambda kit, app: orchestrate(kit, app, settings, keyring.counted(kit.metrics), minter, site),
    )
    if settings.web_origins:
        _let_in(app, settings.web_origins)
    return app


def _let_in(app: FastAPI, origins: Sequence[str]) -> None:
    """Pages of these origins may call the API with a token of theirs. Outermost, so that they can read problems too."""
    app.add_middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=_SENT,
        expose_headers=_READ, allow_credentials=False,
    )  # fmt: skip


def _demo(settings: Settings):  # type: ignore[no-untyped-def]
    if settings.environment != "local" or settings.demo_issuer_keys is None:
        raise ValueError("AIGUY_DEMO needs AIGUY_ENVIRONMENT=local and AIGUY_DEMO_ISSUER_KEYS")
    minter = TokenMinter(KeySet.load(settings.demo_issuer_keys), "aiguy-demo", SystemClock())
    return demo_router(minter, settings.service)
