"""Checkpoints: the heads of ledgers in a file that is kept away from their databases. A cut-off tail shows against it.

`{"<ledger>": {"<chain>": [seq, "<hash as hex>"]}}`
"""

import os
from collections.abc import Mapping
from pathlib import Path

import orjson

from servicekit.chain.ledger import Head, Heads


class CheckpointUnread(ValueError):
    """The file is there and is no checkpoint; the text is for the person at the terminal."""


def read_checkpoint(file: Path) -> dict[str, dict[str, Head]]:
    """The heads by ledger and chain; empty when there is no such file yet. Raises CheckpointUnread."""
    try:
        stored = orjson.loads(file.read_bytes())
        return {
            ledger: {chain: Head(int(seq), bytes.fromhex(digest)) for chain, (seq, digest) in heads.items()}
            for ledger, heads in stored.items()
        }
    except FileNotFoundError:
        return {}
    except (AttributeError, TypeError, ValueError, OSError) as error:
        raise CheckpointUnread(f"{file} is no checkpoint that can be read") from error


def write_checkpoint(file: Path, ledgers: Mapping[str, Heads]) -> None:
    """Replaces the file as a whole: a crash leaves the old one."""
    content = {
        ledger: {chain: [head.seq, head.hash.hex()] for chain, head in heads.items()}
        for ledger, heads in ledgers.items()
    }
    draft = file.with_name(f".{file.name}.new")
    with draft.open("wb") as written:
        written.write(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
        written.flush()
        os.fsync(written.fileno())
    draft.replace(file)
