"""Each table of orders has a rule that says what ends its rows."""

import pytest

from orders.retention import retention
from orders.settings import Settings
from servicekit.db.pool import Database
from servicekit.testing.retention import misfits

pytestmark = pytest.mark.service


async def test_every_table_has_a_rule_that_fits_it(settings: Settings) -> None:
    database = await Database.connect(settings.database_url, size=2)
    try:
        assert await misfits(database, retention(settings)) == []
    finally:
        await database.close()
