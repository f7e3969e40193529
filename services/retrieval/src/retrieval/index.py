"""The search index of this process: a projection of the database that puts itself right.

    database --sync--> vector store + lexicon --search--> hits

`run` looks for changes all the time: another revision in the database, an order to start anew, a store that has gone
from the disk. Until the index agrees with the database for the first time it does not answer.
"""

import asyncio
import math
import uuid
from collections.abc import Sequence
from enum import StrEnum
from itertools import batched

from contracts.errors import ProblemCode
from retrieval import repository
from retrieval.backends.port import Found, Payload, Point, Scope, Sparse, StoreUnavailable, Vector, VectorStore
from retrieval.indexed_text import indexed_text
from retrieval.keywords import window_vector
from retrieval.lexicon import Lexicon
from retrieval.repository import CorpusState, StoredWindow
from retrieval.words import Words
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
