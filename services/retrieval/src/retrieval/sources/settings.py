"""What an ingest is told from outside. Only the command reads these: the service never sees the site's password."""

from pydantic import Field, SecretStr

from servicekit.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the names. Secrets may come from files: `AIGUY_X_FILE`."""

    service: str = "retrieval"
    #: The site's address, without `/wp-json`.
    wordpress_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$")
    #: A user who may read and nothing else (a subscriber), and an application password of theirs. Neither is needed
    #: where the REST API is open, as it is by default.
    wordpress_user: str | None = None
    wordpress_app_password: SecretStr | None = None
