"""Talk and source lines: what needs no support, because it says nothing about the shop.

The patterns are of whole sentences, and a sentence that also holds an amount, a period or the like is never talk by its
pattern alone: "I'm sorry, but returns take 90 days" has a claim in it, and `parts` finds it.
"""

import re
from collections.abc import Iterable

from orchestrator.guard.support.evidence import Evidence
from orchestrator.guard.support.facts import Fact, agrees

_LEAD = re.compile(
    r"^\W*(?:(?:yes|no|yep|nope|sure|sure thing|of course|certainly|absolutely|okay|ok|great|good news"
    r"|thanks|thank you|"
    r"great question|good question|hi|hello|hey|well|unfortunately|sorry|i'?m sorry|i am sorry|i apologi[sz]e|"
    r"thank you for (?:asking|reaching out|your (?:message|question|patience))|thanks for (?:asking|reaching out)|"
    r"no problem|no worries|you'?re (?:very )?welcome|alright|all right|understood|got it|in short|to summari[sz]e)"
    r"(?: there| [A-Z][a-z]+)?\s*[,!.:;–—-]\s*(?:but |and |so )?)+",
    re.IGNORECASE,
)
_ACCORDING = re.compile(
    r"^\W*(?:according to|as per|per|based on|as stated (?:in|on)|from) (?:our |the )?[“\"']?.{2,90}?[”\"']?,\s+",
    re.IGNORECASE,
)
_VOUCHING = re.compile(
    r"^\W*i(?:'m| am)? ?(?:can|could|would|may|happy to|glad to|pleased to|want to|would like to|'d like to"
    r"|'ve|have)? ?"
    r"(?:confirm(?:ed)?|tell you|say|assure you|promise(?: you)?|guarantee(?: you)?|believe|think|know|see"
    r"|found|checked and|"
    r"inform you|let you know|see here|understand|note)(?: you)?,?(?: that)? (?=\S+ \S+)",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s*[;–—]\s+|:\s+(?=\S)|,\s+(?=(?:but|and|so|because|since|as|while|although|though|however|which"
    r" means|whereas|plus)\b)"
    r"|\s+(?=(?:because|but|whereas)\s)|,?\s+and\s+(?=(?:it|we|you|they|our|your|the|this|there|returns?"
    r"|orders?|items?|"
    r"refunds?|shipping|delivery|standard|express|that|these|a|an|all)\s)",
    re.IGNORECASE,
)
_JOIN = re.compile(
    r"^(?:but|and|so|because|since|as|while|although|though|however|which means|whereas|plus|then),?\s+", re.I
)

_WELCOME = (
    r"(?:hi|hello|hey|greetings|welcome|good (?:morning|afternoon|evening|day)|thanks?|thank you|cheers|goodbye|bye|"
    r"take care|have a (?:nice|great|good|lovely|wonderful) \w+|you'?re (?:very |most )?welcome|my pleasure"
    r"|no problem|"
    r"no worries|sure|of course|certainly|absolutely|okay|ok|great|perfect|understood|got it|i see|all"
    r" ?right|yes|no|sorry|"
    r"unfortunately|happy to help|glad to help|glad (?:that|to hear).*|good question|great question|i hope"
    r" (?:this|that) helps|"
    r"congratulations.*|enjoy.*|that sounds .*|that'?s (?:great|good|fine|okay|alright|understandable|a"
    r" good question).*)"
)
_TALK = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^\W*{_WELCOME}(?:[ ,]+(?:there|again|all|everyone|so much|very much|a lot|for .{{0,60}}|to"
        rf" .{{0,40}}|[A-Z]\w+))?\W*$",
        # what the assistant can, cannot, will or would do, did not find, does not know
        r"^\W*i(?:'m| am|'ve| have|'ll| will|'d| would| can| could| cannot| can't| couldn't| could not| do|"
        r" don't| did| didn't|"
        r" was| wasn't| may| might| must| need| apologi[sz]e| hope| understand| know| just| only| currently"
        r"| want| work| only)\b",
        r"^\W*(?:let me|allow me|please (?:tell|let|share|give|send me|provide|describe|confirm|say|write"
        r"|reply|check the|"
        r"sign in|log in|try again|ask|rephrase|wait|note that i|feel free|choose|specify|explain|bear"
        r" with)|feel free|"
        r"just (?:tell|let|say|ask|reply)|tell me|ask me|say so|write again|don't hesitate|do not hesitate|"
        r"if you(?:'d| would)? (?:like|want|prefer|wish|have (?:any|other|more|further)|need (?:anything"
        r"|any|more|further|help)|"
        r"tell|can tell|share|give me|let me|send me)|happy to|glad to|looking forward|meanwhile,? (?:i|please))\b",
        # that the help pages or the shop's records say nothing of it
        r"^\W*(?:our|the|these|those|my|your)?\s*(?:help |support |knowledge )?(?:pages?|articles?"
        r"|passages?|results?|sources?|"
        r"documents?|information|knowledge base|search|records?|data|system)\b.{0,40}\b(?:do(?:es)?(?: not"
        r"|n't)|did(?: not|n't)|"
        r"has no|have no|cannot|can't|could not|nothing|is not|isn't|are not)\b",
        r"^\W*(?:there (?:is|was|'s) (?:no|nothing)|nothing|no) .{0,30}\b(?:in|on|about|found|information"
        r"|details?|mention|answer)\b"
        r".{0,40}\b(?:help pages?|articles?|knowledge base|passages?|sources?|that|this|it|information)\b",
        # a person or a ticket
        r"^\W*(?:our|the|a|an|one of our|someone from our|somebody from our)\s*(?:\w+ )?(?:team|colleagues?"
        r"|person|people|agents?|"
        r"staff|support|specialists?|representatives?|human)\b.{0,60}\b(?:help|assist|look|answer|reply|get"
        r" back|contact you|"
        r"check|take over|be (?:in touch|happy|glad)|know|tell you|open|write|can: )",
        r"^\W*(?:we|we'd|we'll|we're|we are|we would|we will|we can)\b.{0,25}\b(?:be happy|happy|glad|help"
        r" you|assist|look into"
        r"|get back|be in touch|open a ticket|talked?|chat)\b",
        r"^\W*(?:shall|should|would|could|can|may|do|did|is|are|was|were|have|has|what|which|when|where|who"
        r"|how|why|anything)\b"
        r"[^.!]*\?\W*$",
        r"^\W*(?:for your (?:safety|security)|to (?:help|look|find|check|protect|answer|do)\b.{0,60}),?"
        r" (?:i|please|could you|"
        r"can you)\b",
        r"^\W*that is outside of what i can help with",
        r"^\W*(?:it|that|this) (?:looks|seems|sounds) (?:like|as if) you\b",
        r"^\W*(?:what|is there) .{0,80}\?$",
        r"^\W*(?:here (?:is|are)|this is|these are|below (?:is|are))\b[^.]{0,80}:?\W*$",
        r"^\W*you (?:asked|wrote|said|mentioned|want(?:ed)? to|would like|are (?:asking|looking)|can"
        r" (?:always )?(?:ask|write|tell|"
        r"contact us|reach out|reach us|talk|speak|chat|also ask))\b",
    )
)
#: Claims about the shop: a sentence in a turn without a search that has one of these needs a source all the same.
_TOPIC = re.compile(
    r"\b(?:returns?|returned|returnable|refund(?:s|ed|able)?|exchang\w+|ship(?:s|ping|ped|ment)?|deliver\w*"
    r"|warrant\w+|"
    r"guarantee\w*|discounts?|coupons?|pric\w+|costs?|fees?|charge[sd]?|free|stock|pay(?:ment)?s?|invoices?"
    r"|receipts?|cancel\w*|"
    r"polic(?:y|ies)|store|stores|shops?|gift cards?|accounts?|passwords?|loyalty|points|sizes?|tax(?:es)?"
    r"|customs|insur\w+|"
    r"opening hours|open (?:on|from|until|every)|sell|sells|products?|items?|orders?|support hours)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"\b(?:we|our|you (?:can|may|must|have|need|will|get|should)|customers?|items?|orders?|returns?"
    r"|refunds?|shipping|delivery|"
    r"deliveries|parcels?|products?|the (?:shop|store|warranty|return|refund)|everything|it|they|exchanges?"
    r"|gift cards?|all|"
    r"shop|store|this|that)\b",
    re.IGNORECASE,
)
_ACTED = re.compile(
    r"\b(?:i|we)(?:'ve| have)?(?: just| already| now| successfully)* (?:refunded|cancell?ed|changed|updated"
    r"|issued|processed|opened|"
    r"created|sent|emailed|applied|booked|scheduled|replaced|extended|upgraded|credited|deleted|removed"
    r"|added|escalated)\b"
    r"|\byour (?:refund|order|account|address|subscription|ticket|request) (?:has been|was|is now|is) "
    r"(?:refunded|cancell?ed|changed|updated|issued|processed|approved|opened|created|deleted|on its way"
    r"|done|complete\w*)\b",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\b(?:you (?:can|may|must|have to|need to|are able)|we (?:offer|ship|accept|charge|give|do|don't|never"
    r"|always|only)|"
    r"(?:can|must|may|cannot) be|free|always|never|customers|within|policy)\b",
    re.IGNORECASE,
)
_SOURCE_WORDS = re.compile(
    r"\b(?:according to|source|sources|see|read|more|page|pages|help|article|articles|details?|in|on|at"
    r"|here|and|or|learn|about|"
    r"please|find|full|our|the|you|can|is|are|this|that|from|for|under|further|information|have|a|we"
    r"|nearest|also|look|visit|"
    r"it|its|title|link|called|titled|what|there|check|out|nach|laut|selon|según|secondo|volgens|und|et|y|e"
    r"|en|seite|quelle)\b",
    re.IGNORECASE,
)
_ARGUED = frozenset({"", "code", "name", "token", "date"})
_LINK = re.compile(r"\(?\s*(?:https?://|kb:)\S+?\s*\)?(?=[\s.,;]|$)|\[[^\]]*\]")


def without_lead(text: str) -> str:
    """The sentence without "Sure!", "Yes,", "I'm sorry, but", "According to …,", "I can confirm that"."""
    for pattern in (_LEAD, _ACCORDING, _VOUCHING):
        cut = pattern.sub("", text, count=1)
        if cut.strip(" .!?"):
            text = cut
    return text


def parts(text: str) -> list[str]:
    """The clauses of a sentence that each say something of their own."""
    found = [_JOIN.sub("", part.strip()) for part in _CUT.split(text)]
    return [part for part in found if part.strip(" .,!?")] or [text]


def is_talk(text: str, facts: Iterable[Fact], evidence: Evidence) -> bool:
    """Whether a clause with its facts only talks: a greeting, a question, an offer, "I could not find"."""
    if _ACTED.search(text) or not any(pattern.search(text) for pattern in _TALK) or _vouches(text):
        return False
    # Last, for what all the tools and the customer said is worked out for it.
    return all(_harmless(fact, evidence) for fact in facts)


def is_source_line(text: str, evidence: Evidence) -> bool:
    """Whether it names pages that were found and says nothing else: `According to “Title” (URL).`"""
    rest = text.lower()
    named = False
    for passage in evidence.passages:
        for name in (passage.url, passage.title):
            if name and name.lower() in rest:
                named = True
                rest = rest.replace(name.lower(), " ")
    if not named or "http" in rest:
        return False
    return not re.search(r"[^\W_]{2,}", _SOURCE_WORDS.sub(" ", rest))


def claims_the_shop(text: str, facts: Iterable[Fact], evidence: Evidence) -> bool:
    """Whether a sentence says how the shop works, or that something was done: small talk does not."""
    if _ACTED.search(text):
        return True
    unknown = [fact for fact in facts if not agrees(fact, evidence.told) and not agrees(fact, evidence.asked)]
    if any(fact.kind not in _ARGUED for fact in unknown):
        return True
    return _TOPIC.search(text) is not None and _SUBJECT.search(text) is not None


def claims_an_action(text: str) -> bool:
    """Whether it says that something was done for the customer."""
    return _ACTED.search(text) is not None


def states_a_rule(text: str) -> bool:
    """Whether it says how things are done in the shop, whatever happened to this customer."""
    return _RULE.search(text) is not None


def _vouches(text: str) -> bool:
    return (
        re.search(
            r"\bthat (?:we|our|you can|you may|returns?|refunds?|all|the|shipping|delivery|orders?|items?)\b",
            text,
            re.I,
        )
        is not None
    )


def _harmless(fact: Fact, evidence: Evidence) -> bool:
    if fact.kind == "name" or agrees(fact, evidence.told) or agrees(fact, evidence.asked):
        return True
    return not fact.counts and any(agrees(fact, one.facts) for one in evidence.passages)


def known_facts(facts: Iterable[Fact], evidence: Evidence) -> bool:
    """Whether all facts stand in the outputs, the business facts or the conversation."""
    return all(_told(fact, evidence) for fact in facts)


def _told(fact: Fact, evidence: Evidence) -> bool:
    if fact.kind == "name":
        return fact.value in evidence.told_words or fact.value in evidence.told_text
    return agrees(fact, evidence.told) or (
        fact.kind in ("code", "link") and len(fact.value) >= 4 and fact.value in evidence.told_text
    )
