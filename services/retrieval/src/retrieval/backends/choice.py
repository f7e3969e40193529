"""Which vector store the settings ask for, and who may write to it."""

from qdrant_client import AsyncQdrantClient

from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import VectorStore
from retrieval.backends.server import ServerStore
from retrieval.settings import Settings
from retrieval.writer import ElectedWriter, SoleWriter, Writer
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, MODEL_ID, QUICK_DIMENSIONS, QUICK_MODEL_ID

_LAYOUT = "1"


def vector_store(settings: Settings) -> VectorStore:
    """The store, not opened yet; nothing is sent."""
    sizes = {"deep": DIMENSIONS, "quick": QUICK_DIMENSIONS}
    if settings.qdrant_url is None:
        return EdgeStore(settings.index_dir, DIMENSIONS, QUICK_DIMENSIONS)
    key = settings.qdrant_api_key
    client = AsyncQdrantClient(
        url=settings.qdrant_url,
        api_key=None if key is None else key.get_secret_value(),
        timeout=settings.qdrant_timeout_s,
        check_compatibility=False,
    )
    return ServerStore(client, settings.qdrant_collection, sizes, made_with())


def made_with() -> dict[str, str]:
    """The layout of points and the models behind their vectors: an index made with others is of no use."""
    return {"layout": _LAYOUT, "deep": MODEL_ID, "quick": QUICK_MODEL_ID}


def store_writer(settings: Settings, db: Database) -> Writer:
    """Who writes: this process alone to a folder, the elected one of all replicas to a server."""
    return SoleWriter() if settings.qdrant_url is None else ElectedWriter(db)
