"""The signature of receipts: a compact JWS (EdDSA, typ receipt+jwt) that our published keys verify."""

from pathlib import Path
from typing import Any

import jwt

from servicekit.auth.keys import ALGORITHM, KeySet
from servicekit.logging import get_logger

RECEIPT_TYPE = "receipt+jwt"
KEYS_PATH = "/.well-known/receipt-keys.json"


def load_receipt_keys(path: Path | None) -> KeySet:
    """The keys of the file; without one new keys, whose receipts cannot be checked once this process has ended."""
    if path is not None:
        return KeySet.load(path)
    get_logger().warning("receipts are signed with keys of this process alone: set AIGUY_RECEIPT_KEYS")
    return KeySet.generate()


def sign_receipt(keys: KeySet, claims: dict[str, Any]) -> str:
    """The signed receipt; the same claims and key give the same text."""
    return jwt.encode(claims, keys.active.private, ALGORITHM, {"kid": keys.active.kid, "typ": RECEIPT_TYPE})
