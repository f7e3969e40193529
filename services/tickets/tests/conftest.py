"""The tickets service on a real database with the demo shop's tickets in it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI

from contracts.tool import Family
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import FakeClock
from servicekit.testing.faulty import Faults
from servicekit.testing.live import live_server
from servicekit.testing.slack import TOKEN, FakeSlack
from servicekit.testing.tool_fixtures import ServiceUnderTest, tool_fixtures
from tickets.app import build
from tickets.parts import zendesk_desk
from tickets.seed import seed
from tickets.settings import Settings

from .desks import RemoteZendesk
from .fake_smtp import FakeSmtp, certificate, smtp_server
from .fake_webhook import FakeSite
from .fake_zendesk import CLIENT, SECRET, FakeZendesk

settings, service, down, hurried, api = tool_fixtures(ServiceUnderTest(Family.TICKETS, Settings, build, seed))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The module's database, without a service."""
    db = await Database.connect(settings.database_url)
    yield db
    await db.close()


@pytest.fixture
def people(settings: Settings) -> SubjectKeys:
    """The data keys of those whom the service knows."""
    return SubjectKeys(Keyring.load(settings.master_key_file or Path()))


@pytest.fixture
def zendesk() -> FakeZendesk:
    """An empty Zendesk account."""
    return FakeZendesk()


@pytest.fixture
def zendesk_faults(zendesk: FakeZendesk) -> Faults:
    """The account's API, with faults on demand."""
    return Faults(zendesk.app())


@pytest.fixture
def zendesk_url(zendesk_faults: Faults) -> Iterator[str]:
    """Where it is served."""
    with live_server(cast(FastAPI, zendesk_faults)) as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[AiohttpClient]:
    """A client of the test's own."""
    client = AiohttpClient()
    yield client
    await client.close()


@pytest.fixture
def with_zendesk(settings: Settings, zendesk_url: str) -> Settings:
    """The settings of a service that keeps its tickets there."""
    return Settings.model_validate(
        settings.model_dump() | {
            "tickets_backend": "zendesk", "zendesk_url": zendesk_url, "zendesk_client_id": CLIENT,
            "zendesk_client_secret": SECRET, "zendesk_timeout_s": 2.0,
        }
    )  # fmt: skip


@pytest.fixture
def remote(
    database: Database,
    with_zendesk: Settings,
    http: AiohttpClient,
    zendesk: FakeZendesk,
    clock: FakeClock,
    people: SubjectKeys,
) -> RemoteZendesk:
    """The Zendesk adapter over the account."""
    return RemoteZendesk(database, zendesk_desk(with_zendesk, http, clock), zendesk, people)


@pytest.fixture
def slack() -> FakeSlack:
    """A workspace without messages."""
    return FakeSlack()


@pytest.fixture
def slack_faults(slack: FakeSlack) -> Faults:
    """The workspace's API, with faults on demand."""
    return Faults(slack.app())


@pytest.fixture
def slack_url(slack_faults: Faults) -> Iterator[str]:
    """Where it is served."""
    with live_server(cast(FastAPI, slack_faults)) as url:
        yield f"{url}/api"


@pytest.fixture
def site(clock: FakeClock) -> FakeSite:
    """A site that was told nothing yet."""
    return FakeSite(now=clock.now().timestamp())


@pytest.fixture
def site_faults(site: FakeSite) -> Faults:
    """The site, with faults on demand."""
    return Faults(site.app())


@pytest.fixture
def site_url(site_faults: Faults) -> Iterator[str]:
    """Where it takes webhooks."""
    with live_server(cast(FastAPI, site_faults)) as url:
        yield f"{url}/webhooks"


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    """A mail server that takes everything, in the clear."""
    with smtp_server() as running:
        yield running


@pytest.fixture
def smtp_certificate(tmp_path: Path) -> Path:
    """The certificate of `secure_smtp`."""
    return certificate(tmp_path)


@pytest.fixture
def secure_smtp(smtp_certificate: Path) -> Iterator[FakeSmtp]:
    """A mail server that wants STARTTLS and a login."""
    with smtp_server(smtp_certificate) as running:
        yield running


@pytest.fixture
def ways_out(smtp: FakeSmtp, slack_url: str) -> dict[str, Any]:
    """The settings of a service that sends e-mails and posts to Slack."""
    return {
        "smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_tls": "none", "mail_from": "Shop <support@shop.example>",
        "slack_bot_token": TOKEN, "slack_api_url": slack_url, "slack_channels": "support, #ops=C0123ABCD",
        "outbox_poll_s": 0.01,
    }  # fmt: skip
