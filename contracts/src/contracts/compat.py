"""Which changes of the tools break a caller that was built against the old ones (TOOLS-3).

Pure functions over manifest entries. The export's test uses them against the last accepted state; the
orchestrator uses them against the manifests it meets.
"""

import re
from collections.abc import Iterable

from contracts.compat_schemas import input_breaks, output_breaks
from contracts.manifest import ToolManifestEntry
from contracts.tool import Confirmation

__all__ = ["breaking_changes", "compatible_release", "entry_breaks", "input_breaks", "is_later", "output_breaks"]


_RELEASE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){2}")


def breaking_changes(old: Iterable[ToolManifestEntry], new: Iterable[ToolManifestEntry]) -> list[str]:
    """Every breaking change, each as `tool: what`, in the order of the old tools. Additions are never breaking."""
    now = {entry.name: entry for entry in new}
    found: list[str] = []
    for before in old:
        after = now.get(before.name)
        breaks = ["the tool was removed"] if after is None else entry_breaks(before, after)
        found.extend(f"{before.name}: {one}" for one in breaks)
    return found


def entry_breaks(old: ToolManifestEntry, new: ToolManifestEntry) -> list[str]:
    """The breaking changes from `old` to `new` of one tool.

    An argument that `old` had announced may be gone, and what replaced it may be required then.
    """
    announced = frozenset(one.argument for one in old.deprecations)
    replacing = frozenset(one.replaced_by for one in old.deprecations if one.replaced_by)
    return [
        *_policy_breaks(old, new),
        *input_breaks(old.input_schema, new.input_schema, removable=announced, requirable=replacing),
        *output_breaks(old.output_schema, new.output_schema),
    ]


def compatible_release(built: ToolManifestEntry, served: ToolManifestEntry) -> list[str]:
    """Why a caller built against `built` cannot work with `served`; empty when it can.

    Both sides deploy on their own, so either may be the newer one: the older must have evolved into the newer
    without a break. Equal schema digests need no look at the schemas.
    """
    if _release(served.version)[0] != _release(built.version)[0]:
        return [f"version {served.version} is another major version than {built.version}"]
    if _release(served.version) < _release(built.version):
        return entry_breaks(served, built)
    return entry_breaks(built, served)


def is_later(version: str, than: str) -> bool:
    """Whether `version` is a later release of the same major version than `than`; whatever is no release never is."""
    if _RELEASE.fullmatch(version) is None:
        return False
    later, earlier = _release(version), _release(than)
    return later[0] == earlier[0] and later > earlier


def _policy_breaks(old: ToolManifestEntry, new: ToolManifestEntry) -> list[str]:
    breaks = [
        f"{field} changed from {getattr(old, field)} to {getattr(new, field)}"
        for field in ("family", "scope", "effect", "method", "path")
        if getattr(old, field) != getattr(new, field)
    ]
    if old.guests and not new.guests:
        breaks.append("guests may no longer call it")
    if old.confirmation is Confirmation.NONE and new.confirmation is Confirmation.CUSTOMER:
        breaks.append("it needs a confirmation now")
    breaks.extend(f"the alias {alias} was removed" for alias in old.aliases if alias not in new.aliases)
    return breaks


def _release(version: str) -> tuple[int, ...]:
    """`1.4.0` as (1, 4, 0); whatever is not a number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
