"""Which vector store the settings ask for, and who may write to it."""

from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import VectorStore
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
    # More than a second to load, which an installation without a server does not pay.
    from retrieval.backends.server import connected  # noqa: PLC0415

    key = "" if settings.qdrant_api_key is None else settings.qdrant_api_key.get_secret_value()
    return connected(
        settings.qdrant_url, key, settings.qdrant_collection, sizes, made_with(), timeout_s=settings.qdrant_timeout_s
    )


def made_with() -> dict[str, str]:
    """The layout of points and the models behind their vectors: an index made with others is of no use."""
    return {"layout": _LAYOUT, "deep": MODEL_ID, "quick": QUICK_MODEL_ID}


def store_writer(settings: Settings, db: Database) -> Writer:
    """Who writes: this process alone to a folder, the elected one of all replicas to a server."""
    return SoleWriter() if settings.qdrant_url is None else ElectedWriter(db)
