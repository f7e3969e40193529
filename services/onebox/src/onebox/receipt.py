"""`aiguy receipt verify`: did we sign this receipt, and what does it say? Works offline, with our public keys."""

import re
from typing import Any

import jwt
import orjson
from pydantic import Field, ValidationError

from contracts.base import OpenModel
from contracts.money import Money

RECEIPT_TYPE = "receipt+jwt"
ALGORITHM = "EdDSA"
_JWS = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", re.ASCII)


class NoReceipt(ValueError):
    """This is no receipt of ours. The text is a sentence for the person at the terminal."""


class _Clause(OpenModel):
    clause: str
    sentence: str


class _Step(OpenModel):
    what: str
    who: str
    at: str


class _Place(OpenModel):
    seq: int
    hash: str


class ReceiptClaims(OpenModel):
    """What a receipt says. `chain` is the place of its last event in the record of refunds."""

    iss: str
    sub: str
    outcome: str
    amount: Money
    order: str
    policy: _Clause
    approved_by: tuple[str, ...]
    events: tuple[_Step, ...] = Field(min_length=1)
    chain: _Place


def find_jws(text: str) -> str:
    """The signed part: of the text itself, of JSON with `jws` (or `receipt`), or of a saved page. Raises NoReceipt."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        content = text
    if isinstance(content, dict):
        content = next((content[name] for name in ("jws", "receipt") if isinstance(content.get(name), str)), "")
    found = set(_JWS.findall(content)) if isinstance(content, str) else set()
    if len(found) != 1:
        raise NoReceipt("This is no receipt: it holds no signed text." if not found else "This holds several receipts.")
    return str(found.pop())


def verify_receipt(jws: str, keys: dict[str, Any]) -> tuple[ReceiptClaims, str]:
    """What the receipt says, and the id of the key that signed it. `keys` is a JWKS. Raises NoReceipt."""
    try:
        header = jwt.get_unverified_header(jws)
    except jwt.PyJWTError as error:
        raise NoReceipt("This is no receipt: its head cannot be read.") from error
    if (header.get("typ"), header.get("alg")) != (RECEIPT_TYPE, ALGORITHM):
        raise NoReceipt("This is signed text, but no receipt.")
    kid = header.get("kid")
    known = {str(one.get("kid")): one for one in keys["keys"] if isinstance(one, dict)}
    if not isinstance(kid, str) or kid not in known:
        raise NoReceipt(f"It names the key {str(kid)[:64]!r}, which is not among these keys.")
    return _claims(jws, known[kid]), kid


def sentences(claims: ReceiptClaims) -> list[str]:
    """What a receipt says, for people."""
    approved = "the shop's rules, without staff" if claims.approved_by == ("policy",) else ", ".join(claims.approved_by)
    return [
        f"It says: a refund of {claims.amount} for order {claims.order} {claims.outcome} at {claims.events[-1].at}.",
        f"The rule was {claims.policy.clause}: {claims.policy.sentence}",
        f"Approved by: {approved or 'nobody'}.",
        f"Steps: {', '.join(f'{one.what} {one.at}' for one in claims.events)}.",
        f"Refund {claims.sub} of {claims.iss}, entry {claims.chain.seq} of its record, hash {claims.chain.hash}.",
    ]


def _claims(jws: str, key: dict[str, Any]) -> ReceiptClaims:
    try:
        said = jwt.decode(jws, jwt.PyJWK.from_dict(key, ALGORITHM), algorithms=[ALGORITHM])
    except jwt.InvalidSignatureError as error:
        raise NoReceipt("The signature is wrong: it was changed, or somebody else signed it.") from error
    except jwt.PyJWTError as error:
        raise NoReceipt(f"The signature cannot be checked ({type(error).__name__}).") from error
    try:
        return ReceiptClaims.model_validate(said)
    except ValidationError as error:
        raise NoReceipt("The signature is ours, but this is no receipt that this version can read.") from error
