"""Writes the vectors that come with the starter articles anew: `python -m retrieval.ship`, after one was changed."""

import asyncio
import sys

from retrieval.deepening.shipped import FILE, write
from retrieval.ingest import starter_folder
from retrieval.ingestor import cut
from retrieval.markdown_file import read_document
from servicekit.embedding import Embedder, WordPieces


def starter_texts(pieces: WordPieces) -> list[str]:
    """What is indexed of the starter articles, each text once."""
    documents = [read_document(path) for path in sorted(starter_folder().glob("*.md"))]
    return list(dict.fromkeys(text for one in documents for text in cut(one, pieces)[1]))


def main() -> None:
    """The command."""
    embedder = Embedder.load()
    texts = starter_texts(embedder.pieces)
    try:
        vectors = asyncio.run(embedder.embed(texts))
    finally:
        embedder.close()
    write(dict(zip(texts, vectors, strict=True)))
    sys.stdout.write(f"{len(texts)} vectors: {FILE.name}, {FILE.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
