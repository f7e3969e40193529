"""The other services' part: what they keep of a person is given out or erased by their own internal routes."""

from dataclasses import dataclass

from contracts.privacy import (
    ERASE_PATH,
    EXPORT_PATH,
    PRIVACY_SCOPE,
    PersonAsked,
    PrivacyErased,
    PrivacyExport,
)
from contracts.tool import Family
from orchestrator.colleagues import ServiceCalls

#: The knowledge base knows no customers.
WHO_KEEP = (Family.TICKETS, Family.BILLING, Family.ORDERS)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The services that keep something of people."""

    services: ServiceCalls

    async def export(self, subject: str) -> dict[str, PrivacyExport | None]:
        """By service; None for one that could not be asked."""
        return {
            family.value: await self.services.ask(
                family, EXPORT_PATH, PRIVACY_SCOPE, PersonAsked(subject=subject), PrivacyExport
            )
            for family in self._there()
        }

    async def erase(self, subject: str) -> dict[str, PrivacyErased | None]:
        """By service; None for one that could not be asked: it has to be asked again."""
        return {
            family.value: await self.services.ask(
                family, ERASE_PATH, PRIVACY_SCOPE, PersonAsked(subject=subject), PrivacyErased
            )
            for family in self._there()
        }

    def _there(self) -> tuple[Family, ...]:
        return tuple(family for family in WHO_KEEP if family.value in self.services.urls)
