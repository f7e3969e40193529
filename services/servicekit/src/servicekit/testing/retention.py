"""Holds a service's rules of retention against its migrated schema."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module

from servicekit.db.pool import Database
from servicekit.retention import Forgotten, Rule, Swept, statement

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def assert_rules_fit(database: Database, rules: Sequence[Rule]) -> None:
    """Each table has exactly one rule and each rule its table; statements run, and sweepers that are named exist."""
    ruled = Counter(one.table for one in rules)
    async with database.primary() as db:
        tables = {str(row[0]) for row in await db.fetch(_TABLES)}
        told = (sorted(tables - set(ruled)), sorted(set(ruled) - tables), [one for one, n in ruled.items() if n > 1])
        if told != ([], [], []):
            raise AssertionError(
                "tables without a rule, rules without a table, tables with two: {} {} {}".format(*told)
            )
        for rule in rules:
            if not rule.why:
                raise AssertionError(f"{rule.table}: nobody says why")
            if isinstance(rule, Forgotten):
                await db.execute(statement(rule), _LONG_AGO, 1)
            elif isinstance(rule, Swept):
                _find(rule.by)


def _find(name: str) -> object:
    """What `package.module.attribute`, or a module, is. Raises when there is none."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(import_module(module), attribute)
