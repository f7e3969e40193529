"""Sentence embeddings in process: all-MiniLM-L6-v2 (int8, 384 dimensions) on one thread of onnxruntime.

`Embedder` turns texts into unit vectors without blocking the event loop; `WordPieces` is its tokenizer, for
counting tokens and telling words from typing errors. Needs the extra `aiguy-servicekit[embedding]`.
"""

from servicekit.embedding.assets import AssetError
from servicekit.embedding.model import DIMENSIONS, MODEL_ID, Embedder
from servicekit.embedding.pieces import MAX_TOKENS, WordPieces

__all__ = ["DIMENSIONS", "MAX_TOKENS", "MODEL_ID", "AssetError", "Embedder", "WordPieces"]
