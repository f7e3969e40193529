"""Words in comparable form: lower case, light stems, one word for the usual synonyms of a shop."""

import re
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_STOP = frozenset(
    WORD.findall(
        """
        a about according actually after again all almost already also although am an and any anything are as at be
        because been before being both but by can could did do does doing done down during each either else even
        every for from further get gets getting give given go goes going got had has have having he her here hers
        him his how however i if in into is it its itself just kindly let like may me might mine must my myself
        never no nor not now of off on once one or other our ours out over own per please quite rather really shall
        she should simply since so some something soon still such than that the their theirs them then there
        therefore these they this those though through thus to too under until up upon us usually very via was
        we well were what when where whether which while who whose why will with within without
        would yes yet you your yours yourself i'm i've i'll i'd we're we've we'll you're you've you'll it's that's
        there's here's they're cannot can't don't doesn't didn't won't isn't aren't wasn't weren't haven't hasn't
        couldn't wouldn't shouldn't only except unless excluding exclusively solely make makes made making want
        wants wish long way case cases based  need needs needed thing things take takes taking took taken
        start starts started mean means say says said see state states stated mention mentions mentioned page
        article
        """
    )
)
#: Groups that mean the same in a shop; the first word stands for all. Only words that can replace each other.
_SAME = (
    "return sendback giveback", "parcel package shipment", "cost price charge fee", "free gratis complimentary",
    "deliver arrive", "ship dispatch send post mail", "buy purchase bought", "fault faulty defective defect broken",
    "pay payment paid", "working business", "phone telephone call", "email e-mail", "photo picture photograph image",
    "customer shopper buyer", "refund reimburse reimbursement refundable", "cancel cancellation", "repair fix mend",
    "receive received get", "begin start commence", "finish end", "choose select pick",
    "shop store", "cover covered coverage", "contact reach", "reply answer respond response", "item"
    " product goods article",
    "warranty guarantee", "damage damaged", "exchange swap", "collect pickup", "large big bulky", "address addresses",
    "postage shipping", "country countries abroad", "person people human", "keep retain store", "delete erase remove",
    "website site", "person staff team agent", "carrier courier", "receipt invoice bill",
)  # fmt: skip
_PHRASES = (
    (re.compile(r"\b(?:send|sent|sending|bring|brought|ship|give|take|taken|takes|accept)"
                r" (?:(?:it|them|items?|something|an item|the item) )?back\b"), "return"),
    (re.compile(r"\bfree of charge\b|\bat no (?:extra )?(?:cost|charge)\b|\bno charge\b|\bfor free\b"), "free"),
    (re.compile(r"\bcosts? nothing\b"), "is free"), (re.compile(r"\bget in touch\b"), "contact"),
    (re.compile(r"\be-mail"), "email"), (re.compile(r"\bpick(?:ed)?[- ]up\b"), "pickup"),
    (re.compile(r"\bmoney back\b"), "refund"),
)  # fmt: skip
_IRREGULAR = {
    "bought": "buy", "paid": "pay", "sent": "send", "kept": "keep", "broke": "broken", "sold": "sell",
    "chose": "choose", "chosen": "choose", "began": "begin", "left": "leave", "lost": "lose", "delivery": "deliver",
    "deliveries": "deliver", "countries": "country", "children": "child", "men": "man",
}  # fmt: skip
_US = re.compile(r"\bU\.?S\.?(?:A\.?)?(?=[\s,;:.!?)]|$)(?!\s*\$)")
#: Words that claims add or leave out without meaning another thing.
WEAK = frozenset({
    "availabl", "offer", "possibl", "com", "apply", "includ", "provid", "go", "service", "servic", "option", "deliver",
    "ship", "work", "happen", "use", "us", "want", "customer", "shop", "team", "person", "company", "end", "start",
    "case", "able", "limit", "time",
})  # fmt: skip
_DOUBLE = re.compile(r"([bdgmnprt])\1$")


def spelled_out(text: str) -> str:
    """The text with the usual short forms of countries written out."""
    text = _US.sub("United States", text) if "U" in text else text
    return text.replace("’", "'")


def plain(text: str) -> str:
    """Lower case with the usual phrases as one word."""
    lowered = spelled_out(text).lower()
    for pattern, word in _PHRASES:
        lowered = pattern.sub(word, lowered)
    return lowered


def content(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in WORD.findall(plain(text)) if is_content(word)]


def is_content(word: str) -> bool:
    """Whether a lower-case word says something about the subject."""
    return word not in _STOP and len(word) > 1


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The stem of a lower-case word: `returned`, `returns` and `sendback` give the same."""
    cut = _cut(word)
    return _CANONICAL.get(cut, cut)


def _cut(word: str) -> str:
    word = _IRREGULAR.get(word, word)
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) <= 3:
        return word
    for ending, replacement in (
        ("ies", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ied", "y"), ("ed", ""), ("es", ""), ("ly", ""),
        ("ment", ""), ("s", ""),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us")):
            word = word[: len(word) - len(ending)] + replacement
            break
    word = word[:-2] if len(word) > 7 and word.endswith("al") else word
    word = _DOUBLE.sub(r"\1", word)
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _canonical() -> dict[str, str]:
    return {_cut(word): _cut(group.split()[0]) for group in _SAME for word in group.split()}


_CANONICAL = _canonical()
