"""Holds a service's rules of retention against its migrated schema."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module

from servicekit.db.pool import Database
from servicekit.retention import Forgotten, Rule, Swept, statement

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def misfits(database: Database, rules: Sequence[Rule]) -> list[str]:
    """What is wrong with the rules: each table has exactly one, each has its table, and sweepers that are named exist.

    Raises what the database says of a statement that does not run, and ImportError or AttributeError for a sweeper.
    """
    ruled = Counter(one.table for one in rules)
    async with database.primary() as db:
        tables = {str(row[0]) for row in await db.fetch(_TABLES)}
        for rule in rules:
            if isinstance(rule, Swept):
                _find(rule.by)
            elif isinstance(rule, Forgotten) and rule.table in tables:
                await db.execute(statement(rule), _LONG_AGO, 1)
    return [
        *(f"{one}: no rule says what ends its rows" for one in sorted(tables - set(ruled))),
        *(f"{one}: there is no such table" for one in sorted(set(ruled) - tables)),
        *(f"{one}: {many} rules" for one, many in ruled.items() if many > 1),
        *(f"{one.table}: nobody says why" for one in rules if not one.why),
    ]


def _find(name: str) -> object:
    """What `package.module.attribute`, or a module, is. Raises when there is none."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(import_module(module), attribute)
