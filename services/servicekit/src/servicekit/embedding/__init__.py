"""Sentence embeddings in process, of two kinds. Needs the extra `aiguy-servicekit[embedding]`.

`Embedder` is deep: all-MiniLM-L6-v2 (int8, 384 dimensions) on one thread of onnxruntime, without blocking the event
loop. `QuickEmbedder` is a table of token vectors (256 dimensions), much faster and a little less good.
`WordPieces` is the deep one's tokenizer, for counting tokens and telling words from typing errors. `Goods` takes out
of a question the things that it names in passing.
"""

from servicekit.embedding.assets import AssetError
from servicekit.embedding.goods import Goods
from servicekit.embedding.model import DIMENSIONS, MODEL_ID, Embedder
from servicekit.embedding.pieces import MAX_TOKENS, WordPieces
from servicekit.embedding.quick import QUICK_DIMENSIONS, QUICK_MODEL_ID, QuickEmbedder

__all__ = [
    "DIMENSIONS",
    "MAX_TOKENS",
    "MODEL_ID",
    "QUICK_DIMENSIONS",
    "QUICK_MODEL_ID",
    "AssetError",
    "Embedder",
    "Goods",
    "QuickEmbedder",
    "WordPieces",
]
