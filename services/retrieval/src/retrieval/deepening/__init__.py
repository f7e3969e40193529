"""Deep vectors for windows that were stored without: the queue in the database, the work, the process that does it."""

from retrieval.deepening.work import deepen_all

__all__ = ["deepen_all"]
