"""What the retrieval service is told from outside, beyond what every service is told."""

from pathlib import Path

from pydantic import Field, SecretStr

from servicekit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the common names."""

    service: str = "retrieval"
    port: int = 8084
    #: The folder of the vector index. It can be deleted at any time: it is made again from the database.
    index_dir: Path = Path("data/retrieval-index")
    #: How often the service looks whether the database or the index folder has changed.
    refresh_interval_s: float = Field(default=1.0, gt=0)
    #: How long the database may be ahead of the index before search says that it is stale.
    index_stale_after_s: float = Field(default=300.0, gt=0)
    #: A Qdrant server for the index instead of the folder, such as http://qdrant:6333; all replicas share it.
    qdrant_url: str | None = Field(default=None, repr=False)
    qdrant_api_key: SecretStr | None = None
    #: The alias that is searched; the collections behind it are `<alias>-<uuid>`.
    qdrant_collection: str = Field(default="aiguy-knowledge", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    qdrant_timeout_s: int = Field(default=5, ge=1)
    #: Whether the service starts `python -m retrieval.deepen` by itself when windows lack their deep vector.
    deepening: bool = True
    deepening_interval_s: float = Field(default=5.0, gt=0)
