"""A tool of the catalogue: its manifest entry, checked, compiled, and never laxer than what we were built against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.compat import compatible_release
from contracts.manifest import ToolManifestEntry, entry_from_contract, schema_digest
from contracts.registry import find_contract
from contracts.tool import EVERY_FIELD, ApprovalRule, Confirmation, RiskTier, ToolEffect
from orchestrator.tools.validation import CompiledSchema, compile_schema


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """One tool as the orchestrator may call it. `digest` changes with anything that its schemas say.

    `free_text` names the fields of its output that others may have written, `may_say` the arguments of running text.
    """

    name: str
    family: str
    base_url: str
    version: str
    description: str
    path: str
    preview_path: str | None
    write: bool
    scope: str
    risk: RiskTier
    timeout_ms: int
    retries: int
    cache_ttl_s: int
    answers_within_s: int
    confirmation: Confirmation
    approval: ApprovalRule | None
    approved_by: str | None
    closed_by: str | None
    ref: str | None
    guests: bool
    proven_address: bool
    aliases: tuple[str, ...]
    redact: tuple[str, ...]
    free_text: tuple[str, ...]
    may_say: tuple[str, ...]
    label: str
    #: New names of arguments, and the old ones that the service still takes for them.
    renamed: Mapping[str, str]
    digest: str
    accepts: CompiledSchema = field(repr=False)
    answers: CompiledSchema = field(repr=False)

    @property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments."""
        return self.accepts.schema

    @property
    def is_public(self) -> bool:
        """Whether it reads what everybody may read: it gets no personal data, and there is none in its answers."""
        return self.risk is RiskTier.LOW and self.guests and not self.write and not self.redact


class Incompatible(ValueError):
    """A tool that we cannot work with; the text says why, for operators."""


def make_entry(served: ToolManifestEntry, base_url: str, *, previous: ToolEntry | None = None) -> ToolEntry:
    """The catalogue entry of a served tool. Raises Incompatible, or SchemaUnusable.

    A tool that we know must be compatible with our own contract, and its policy is the stricter of both. A tool
    that we do not know is taken as served: that is how a new Hand is registered by configuration alone.
    """
    if served.method != "POST":
        raise Incompatible(f"method {served.method} is not spoken here")
    ours = _built_against(served)
    digest = schema_digest({"input": served.input_schema, "output": served.output_schema})
    same = previous if previous is not None and previous.digest == digest else None
    write = served.effect is ToolEffect.WRITE
    return ToolEntry(
        name=served.name, family=served.family, base_url=base_url, version=served.version,
        description=served.description, path=served.path, preview_path=served.preview_path, write=write,
        scope=served.scope, risk=_risk(served, ours), timeout_ms=served.timeout_ms, retries=served.retries,
        cache_ttl_s=0 if write else served.cache_ttl_s, answers_within_s=served.answers_within_s,
        confirmation=_confirmation(served, ours),
        approval=served.approval or (ours.approval if ours else None),
        approved_by=ours.approved_by if ours else served.approved_by,
        closed_by=ours.closed_by if ours else served.closed_by, ref=ours.ref if ours else served.ref,
        guests=served.guests and (ours is None or ours.guests),
        proven_address=served.proven_address and (ours is None or ours.proven_address) and not write,
        aliases=served.aliases,
        redact=tuple(sorted({*served.redact, *(ours.redact if ours else ())})),
        free_text=_free_text(served, ours), may_say=(ours or served).free_text or (),
        label=served.label or served.name, digest=digest,
        renamed={one.replaced_by: one.argument for one in served.deprecations if one.replaced_by and not one.removed},
        accepts=same.accepts if same else compile_schema(served.input_schema),
        answers=same.answers if same else compile_schema(served.output_schema),
    )  # fmt: skip


def _built_against(served: ToolManifestEntry) -> ToolManifestEntry | None:
    contract = find_contract(served.name)
    if contract is None:
        return None
    ours = entry_from_contract(contract)
    if ours.name != served.name:
        raise Incompatible(f"the name is an alias of {ours.name}")
    if breaks := compatible_release(ours, served):
        raise Incompatible("; ".join(breaks[:3]))
    return ours


def _confirmation(served: ToolManifestEntry, ours: ToolManifestEntry | None) -> Confirmation:
    told = (served.confirmation, ours.confirmation if ours else served.confirmation)
    return max(told, key=tuple(Confirmation).index)


def _risk(served: ToolManifestEntry, ours: ToolManifestEntry | None) -> RiskTier:
    return max(served.risk, ours.risk if ours else served.risk, key=tuple(RiskTier).index)


def _free_text(served: ToolManifestEntry, ours: ToolManifestEntry | None) -> tuple[str, ...]:
    """What others may have written in the output. A service may add to what we know of it; of a stranger that does not
    tell, it is everything.
    """
    told = served.free_text
    if ours is None or ours.free_text is None:
        return (EVERY_FIELD,) if told is None else told
    return tuple(sorted({*ours.free_text, *(told or ())}))
