"""What the orders service is told from outside: nothing of its own beyond what every service is told."""

from servicekit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the names."""

    service: str = "orders"
    port: int = 8081
