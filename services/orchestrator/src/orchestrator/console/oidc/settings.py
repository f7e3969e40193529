"""What is set of an organisation's provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """See the settings that are called so. `console_url` has no slash at its end; `groups` are names of roles."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    scope: str
    console_url: str
    groups: Mapping[str, str]
    groups_claim: str
