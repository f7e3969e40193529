"""Postgres and Zendesk keep the same promises."""

import pytest

from servicekit.db.pool import Database
from servicekit.sealing.subjects import SubjectKeys

from .desks import PostgresDesk, RemoteZendesk
from .port_suite import Desk, PortSuite

pytestmark = pytest.mark.service


class TestPostgres(PortSuite):
    """Our own tables."""

    @pytest.fixture
    def desk(self, database: Database, people: SubjectKeys) -> Desk:
        return PostgresDesk(database, people)


class TestZendesk(PortSuite):
    """The adapter against the account."""

    @pytest.fixture
    def desk(self, remote: RemoteZendesk) -> Desk:
        return remote
