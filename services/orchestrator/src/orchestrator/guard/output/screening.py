"""All rules over a text: what can be cut out of it, and which rules are broken all the same."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.guard.output.abuse import is_abusive
from orchestrator.guard.output.allowed import Allowed
from orchestrator.guard.output.credentials import holds_secret
from orchestrator.guard.output.forms import INVISIBLE, forms
from orchestrator.guard.output.internals import echoes, holds_internal
from orchestrator.guard.output.links import astray_targets, leads_astray, without_allowed
from orchestrator.guard.output.markup import holds_image, holds_markup, images, tags
from orchestrator.guard.output.personal import holds_anothers
from orchestrator.guard.output.policy import OutputPolicy
from orchestrator.guard.output.rule import Rule


@dataclass(frozen=True, slots=True)
class Cut:
    """A text without what could be cut out of it. `ends` and `lost`: where something was, and how much until there."""

    text: str
    rules: tuple[Rule, ...] = ()
    ends: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()

    def moved(self, offset: int) -> int:
        """Where a place of the old text is in the new one."""
        at = bisect_right(self.ends, offset)
        return max(0, offset - (self.lost[at - 1] if at else 0))


def broken(text: str, allowed: Allowed, policy: OutputPolicy, *, personal: bool = True) -> tuple[Rule, ...]:
    """The rules that a text breaks, but for its promises, which `Promises.empty` knows.

    Without `personal` nobody's data is looked for: that is the dearest search by far.
    """
    seen = tuple(without_allowed(form, allowed) for form in forms(text))
    found = _broken(text, seen, allowed, policy)
    return (*found, Rule.PERSONAL) if personal and holds_anothers(seen, allowed, policy.finder) else tuple(found)


def _broken(text: str, seen: tuple[str, ...], allowed: Allowed, policy: OutputPolicy) -> Iterator[Rule]:
    if holds_secret(seen):
        yield Rule.SECRET
    if holds_internal(seen, policy.names, allowed.asked):
        yield Rule.INTERNAL
    if echoes(seen, policy.runs):
        yield Rule.PROMPT
    if leads_astray(seen, allowed):
        yield Rule.LINK
    if holds_image(seen):
        yield Rule.IMAGE
    if holds_markup(seen):
        yield Rule.MARKUP
    if INVISIBLE.search(text):
        yield Rule.INVISIBLE
    if is_abusive(seen, policy.abuse):
        yield Rule.ABUSE


def cut(text: str, allowed: Allowed, policy: OutputPolicy) -> Cut:
    """The text without invisible characters, images, markup and targets of links that lead elsewhere.

    Only what the policy says to repair is cut; what stays in breaks its rule. Cut until nothing more is found, for what
    was apart may come together (`<scr<b>ipt>`).
    """
    whole = Cut(text)
    for _ in range(4):
        following = _once(whole.text, allowed, policy)
        if not following.rules:
            break
        whole = _joined(whole, following)
    return whole


def _once(text: str, allowed: Allowed, policy: OutputPolicy) -> Cut:
    spans: list[tuple[int, int]] = []
    rules: list[Rule] = []
    for rule, found in (
        (Rule.INVISIBLE, [one.span() for one in INVISIBLE.finditer(text)] if not text.isascii() or "\x7f" in text
         or not text.isprintable() else []),
        (Rule.IMAGE, list(images(text))), (Rule.MARKUP, tags(text)), (Rule.LINK, astray_targets(text, allowed)),
    ):  # fmt: skip
        if found and policy.actions[rule] == "repair":
            spans += found
            rules.append(rule)
    pieces, ends, lost = [], [], []
    at = gone = 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        pieces.append(text[at : max(at, start)])
        gone += end - max(at, start)
        at = end
        ends.append(end)
        lost.append(gone)
    pieces.append(text[at:])
    return Cut("".join(pieces), tuple(rules), tuple(ends), tuple(lost))


def _joined(first: Cut, second: Cut) -> Cut:
    """Two cuts, one after the other, as one; a place within what was cut moves to its end."""
    places = sorted({*first.ends, *(_back(first, end) for end in second.ends)})
    lost = tuple(place - second.moved(first.moved(place)) for place in places)
    return Cut(second.text, tuple(dict.fromkeys((*first.rules, *second.rules))), tuple(places), lost)


def _back(done: Cut, offset: int) -> int:
    """Where a place of the new text was in the old one."""
    old = offset
    for end, lost in zip(done.ends, done.lost, strict=True):
        if end - lost <= offset:
            old = offset + lost
    return old
