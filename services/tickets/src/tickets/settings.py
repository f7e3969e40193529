"""What the tickets service is told from outside, beyond what every service is told."""

from pydantic import Field

from servicekit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the other names."""

    service: str = "tickets"
    port: int = 8083
    #: What ticket numbers begin with: `HP-10023`.
    ticket_prefix: str = Field(default="HP-", pattern=r"^[A-Z0-9-]{0,8}$")
