"""Who wants a person, and what only a person can take up: said plainly, so that nothing is left to likeness."""

import re

_PERSON = (
    r"(?:a |an |the |your )?(?:real |live |actual |human )*"
    r"(?:humans?|person|people|agent|representative|rep|operator|somebody|someone|supervisor|manager|colleague|"
    r"team ?member|team ?lead(?:er)?|advisor|employee|boss|superior|management|customer (?:service|support|care)"
    r"|support team"
    r"|head of [a-z ]{3,20}|staff)"
)
_HUMAN = re.compile(
    rf"\b(?:talk|speak|chat|write|type|text|connect(?: me)?|transfer(?: me)?|put me through|hand (?:me )?over"
    rf"|escalate)"
    rf"(?: directly)? (?:to|with|over to) {_PERSON}\b|\b(?:put|patch) me through\b"
    r"|\b(?:anybody|anyone|somebody|someone|any humans?) (?:alive|real|awake)\b"
    r"|\bfrom an? (?:actual|real|live|human) (?:person|human|being|agent)\b"
    r"|\b(?:want|need|demand|expect|like) (?:some(?:body|one)|a person|a human) to "
    r"(?:get back|reply|answer|call|ring|phone|respond|help|contact)\b"
    rf"|\b(?:(?:get|want|need)(?: me)?|give me) (?:to (?:talk|speak|chat) (?:to|with) )?{_PERSON}\b"
    rf"(?! (?:for|to (?:sign|be)))"
    r"|\b(?:want|need|like|get) (?:me )?an? (?:real|actual|live|human) (?:person|human|agent|being)\b"
    rf"|\b(?:is|are) there (?:a |any |some )?{_PERSON} (?:around|available|there|here|in (?:today|now|right now)"
    rf"|today|on duty"
    r"|(?:that |who )?i can)\b|\b(?:is|are) (?:there )?(?:anyone|anybody|someone|somebody) (?:from|of|in) (?:your"
    r"|the) team\b"
    rf"|\b(?:complain|complaint|a word|an appointment) (?:to|with) {_PERSON}\b"
    rf"|\b(?:can|could|would|will|may|have|let)(?: please)? (?:somebody|someone|anybody|anyone|{_PERSON})(?: please)?"
    r" (?:ring|call|phone|contact|get back to) (?:me|us)\b(?! (?:when|before|if|once|on|as soon))"
    r"|\b(?:want|need|have|like|get|request)(?: to have| to get)? (?:a |your )?(?:call ?back|call back|phone call)\b"
    r"|\byour (?:manager|boss|supervisor|superior|team ?lead(?:er)?)\b"
    r"(?! (?:said|told|promised|wrote|was|has|had|agreed|already|offered|gave))"
    rf"|\b(?:bring|fetch|find) (?:me )?(?:in )?{_PERSON}\b(?! (?:for|to (?:sign|be)))"
    r"|^\W*(?:humans?(?: only)?|agent|representative|operator|real person)(?:,? please)?\W*$"
    rf"|\b(?:can|could|would|will|let|have)(?: please)? (?:an? (?:real |actual )?(?:human|person)"
    r"|(?:someone|somebody|anyone|a person|a colleague) (?:from|of|in|on) (?:the|your) (?:team|staff|shop|office))"
    r" (?:please )?(?:look|check|read|see|help|take|handle|deal|decide|answer|reply)\b"
    r"|\b(?:is|are) there (?:an? |any )?(?:real |actual )?(?:human|person)\b(?!'s)"
    r"|\bwho (?:can|do|should|could) (?:i|we) complain to\b|\bflesh and blood\b"
    r"|\b(?:make|file|lodge|raise|submit) (?:a |an )?(?:formal |official |serious )?complaint\b(?! form)",
    re.I,
)
#: Who wants no machine wants a person.
_NO_MACHINE = re.compile(
    r"\b(?:do ?n[o']?t|don’t|not|never|hate|stop|tired of|sick of)\b.{0,20}\b(?:talk|speak|chat|writ|deal|discuss)\w*"
    r" (?:to|with) (?:an?|this|your|another|the)? ?(?:stupid |dumb |damn )?"
    r"(?:chat)?(?:bots?|robots?|machines?|computers?|ai)\b"
    r"|^\W*no (?:more )?(?:chat)?(?:bots?|robots?|machines?|ai)(?:,? (?:please|pls|thanks))?\W*$",
    re.I,
)
#: Who has asked for their money before is not helped by being told again how refunds go.
_AGAIN = re.compile(
    r"\b(?:third|fourth|fifth|3rd|4th|5th|\d{1,2}th|hundredth) time\b|\bfed up\b"
    r"|\b(?:asked|written|wrote|called|emailed|mailed|told you|contacted you)\b.{0,20}"
    r"\b(?:twice|again|(?:three|four|five|several|many|\d) times)\b"
    r"|\b(?:weeks|months) ago\b.{0,30}\bstill\b|\b(?:promised|told me|said)\b.{0,40}\b(?:weeks|months) ago\b",
    re.IGNORECASE,
)
#: Somebody else's hand on their money, and the law: only a person can take that up.
_SERIOUS = re.compile(
    r"\b(?:someone|somebody|my ex|(?:a |some )?stranger|hackers?|a thief)\b.{0,60}"
    r"\b(?:used?|using|ordered|bought|paid|shopped)\b.{0,40}\bmy (?:\w+ )?(?:card|account|login|paypal|name)\b"
    r"|\bmy (?:\w+ )?(?:card|account|paypal)\b.{0,60}\bi (?:never|did ?n[o']?t) (?:order|buy|bought|make)"
    r"|\b(?:my|our) (?:lawyer|attorney|solicitor)\b|\bsu(?:e|ing) you\b|\btake (?:you|this) to court\b"
    r"|\b(?:legal action|small claims)\b|\b(?:do|doing|file|filing|start|starting) a chargeback\b"
    r"|\bchargeback (?:is )?(?:coming|incoming|next)\b"
    r"|\b(?:you|u|your \w+)(?: have| just|'ve)? (?:stole|stolen|scammed|robbed|cheated|conned|ripped)\b",
    re.IGNORECASE,
)


def wants_person(text: str) -> bool:
    """Whether somebody asks for a human being, or will not go on with a machine."""
    return _HUMAN.search(text) is not None or wants_no_machine(text)


def wants_no_machine(text: str) -> bool:
    """Whether somebody will not talk to a machine: what is negated is not the wish to talk."""
    return _NO_MACHINE.search(text) is not None


def is_serious(text: str) -> bool:
    """Whether somebody else's hand was on their money or their name, or the law is called on."""
    return _SERIOUS.search(text) is not None


def asks_again(text: str) -> bool:
    """Whether somebody has asked before, or was promised something long ago."""
    return _AGAIN.search(text) is not None
