"""What a tool service keeps of a person, for the one who answers their request: given out, or erased.

`POST /internal/privacy/export` and `POST /internal/privacy/erase`, with a token of role `service` and `PRIVACY_SCOPE`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from contracts.base import ContractModel
from contracts.text import WRITTEN

EXPORT_PATH = "/internal/privacy/export"
ERASE_PATH = "/internal/privacy/erase"
PRIVACY_SCOPE = "privacy:manage"


class PersonAsked(ContractModel):
    """`subject` is the `sub` of the tokens with which the person's tools are called."""

    subject: str = Field(min_length=1, max_length=512, pattern=WRITTEN)


class PrivacyRecord(ContractModel):
    """Something that is kept: `at` in ISO format, and what of it belongs to the person."""

    kind: str
    id: str
    at: str
    fields: Mapping[str, Any]


class PrivacyExport(ContractModel):
    """All that the service keeps of the person; empty when that is nothing."""

    records: tuple[PrivacyRecord, ...]


class PrivacyErased(ContractModel):
    """How many of each kind were erased (all 0 when it was done before), and what stays: kind → reason, for people."""

    erased: Mapping[str, int]
    kept: Mapping[str, str]
