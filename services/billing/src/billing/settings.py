"""What the billing service is told from outside, beyond what every service is told."""

import secrets
from typing import Self

from pydantic import Field, SecretStr, model_validator

from servicekit.settings import ServiceSettings

_MIN_SECRET = 32


class Settings(ServiceSettings):
    """Environment `AIGUY_*`. Where real customers are, `link_secret` and `public_url` must be given."""

    service: str = "billing"
    port: int = 8082
    #: Where browsers reach this service; links to invoices begin with it. By default host and port.
    public_url: str = ""
    #: Signs the links to invoices, at least 32 characters, the same in all replicas. By default a new one per process.
    link_secret: SecretStr = Field(default=SecretStr(""))
    #: The letterhead. Lines of the address are parted by commas.
    shop_name: str = "Hearth & Pine"
    shop_address: str = "14 Mill Lane, Burlington, Vermont 05401, USA"
    shop_email: str = "billing@shop.example"

    @model_validator(mode="after")
    def _links_can_be_made(self) -> Self:
        if self.environment in {"staging", "production"} and not (
            self.link_secret.get_secret_value() and self.public_url
        ):
            raise ValueError("link_secret and public_url are needed outside of local and test")
        if not self.public_url:
            self.public_url = f"http://{self.host}:{self.port}"
        if not self.link_secret.get_secret_value():
            self.link_secret = SecretStr(secrets.token_urlsafe(_MIN_SECRET))
        if len(self.link_secret.get_secret_value()) < _MIN_SECRET:
            raise ValueError(f"link_secret needs at least {_MIN_SECRET} characters")
        return self
