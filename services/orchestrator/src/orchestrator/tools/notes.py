"""What a Brain is told about the state of the systems, in words that may reach a customer."""

from collections.abc import Mapping

from orchestrator.tools.catalog import Catalog

_SYSTEMS = {
    "orders": "The order system is down.",
    "billing": "The billing system is down.",
    "tickets": "The ticket system is down.",
    "retrieval": "The knowledge search is down.",
}


def status_notes(catalog: Catalog, breakers: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence per family that cannot be reached: never read, or with an open breaker."""
    down = set(catalog.missing_families())
    down.update(entry.family for name, entry in catalog.entries().items() if breakers.get(name) == "open")
    return tuple(
        _SYSTEMS.get(family, f"The {family} system is down.") for family in catalog.families() if family in down
    )
