"""Phrases that mean one thing only, and phrases that speak for one thing. Embeddings know likeness, not exactness."""

import re

from orchestrator.brain.offline.courtesy import is_only_answer
from orchestrator.brain.offline.persons import asks_again, is_serious, wants_person
from orchestrator.brain.offline.slots import Slots

_QUESTION = re.compile(
    r"^\W*(?:how|when|what|why|who|which|where|can|could|do|does|is|are|am|will|may|would|should)\b", re.I
)
_HOW = re.compile(
    r"\b(?:how (?:long|do|does|can|much time|many (?:days|weeks|months|years))|when (?:will|do|does|can)|"
    r"polic(?:y|ies)|what if)\b",
    re.I,
)
_IDENTITY = re.compile(
    r"\b(?:are|r) (?:you|u) (?:a |an |really |just |actually )*(?:bot|robot|human|person|real|ai|machine|computer|"
    r"chatgpt|gpt|llm|language model|automated)\b|^\W*who (?:are|made|built|created) you\W*$"
    r"|^\W*who am i (?:talking|speaking|chatting)\b|^\W*what are you\W*$"
    r"|\bis (?:this|that|it|there) (?:just |really )?an? (?:bot|robot|machine|computer|real person) "
    r"(?:writing|typing|talking|answering|replying)\b"
    r"|\b(?:talking|speaking|chatting) (?:to|with) an? (?:bot|robot|machine|computer|ai|human|real person|person)\b",
    re.I,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings)(?: (?:there|all|team))?\W*$",
    re.I,
)
_THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|cool|nice|awesome),? )?(?:many |lots of )?"
    r"(?:thanks|thank you|thx|cheers|ty)\b(?!.*\?)",
    re.I,
)
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok|okay|of course|please do|go ahead|do it)\b"
    r"|^\W*(?:absolutely|definitely|correct|right)\W*$",
    re.I,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|never ?mind|not now|forget it|leave it)\b"
    r"(?! (?:order|parcel|package|delivery|news|one|idea|invoice|receipt|bill|refund|money|answer|reply|mail))",
    re.I,
)
_TICKET = re.compile(
    r"\b(?:open|create|file|raise|submit|make|log|start|need|want)\b.{0,20}\b(?:ticket|(?:support |a )case)\b", re.I
)
#: "When do I get an answer if I open a ticket?" wants none yet.
_WHEN = re.compile(r"^\W*(?:when|how (?:long|fast|soon|quickly))\b", re.I)
_REFUND = re.compile(r"\b(?:refund(?:ed)?|reimburse(?:ment|d)?|money back|pay (?:me )?back|credit back)\b", re.I)
_MONEY = r"(?:[$€£]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£]|(?:us )?dollars?\b|bucks\b|usd\b|eur(?:os?)?\b|gbp\b|pounds?\b))"
#: "Give me 12 dollars back", "12 dollars of order 1234 back", "everything back": what is wanted back is money.
_GIVE_BACK = re.compile(
    rf"{_MONEY}.{{0,12}}\bback\b|\bback (?:\w+ )?{_MONEY}"
    rf"|{_MONEY} (?:of|on|from|for|off) (?:(?:my|the|this|order) )*\S+ back\b"
    r"|\b(?:give|get|want|have) (?:me )?(?:everything|all of it|it all|the (?:whole|full) (?:amount|sum|lot)) back\b"
    r"(?! to you)",
    re.I,
)
_WHY = re.compile(r"^\W*(?:why|who|what|which|is it (?:true|possible|normal)|do i|must i)\b", re.I)
_WHEREABOUTS = re.compile(
    r"\b(?:where(?:'s| is)?|status|arrived?|received?|come|track|long|still waiting|missing|showing|approved|"
    r"pending|never (?:got|came|saw|received)|(?:not|n't) (?:got|get|seen|see|yet)|nothing)\b",
    re.I,
)
_INVOICE = re.compile(
    r"\b(?:invoices?|receipts?)\b|\bbill (?:for|of) (?:my )?order\b"
    r"|\b(?:send|copy|download|get|need|want|resend)\b.{0,20}\bbill\b(?<!pay bill)",
    re.I,
)
_INVOICE_TOPIC = re.compile(r"\b(?:how|vat (?:number|id)|company name|change|wrong|correct|policy)\b", re.I)
_CHANGE = re.compile(
    r"\b(?:cancel|stop|amend|modify|edit|change|update|correct|swap|add|remove|switch)\b.{0,40}"
    r"\b(?:order|address|item|size|colou?r|quantity|delivery|shipment|it)\b"
    r"|\b(?:add|put|remove|take)\b.{1,40}\b(?:to|into|from|out of)\b",
    re.I,
)
_CONTENT = re.compile(
    r"\b(?:what(?:'s| is| was| did| have)?|which|show|list|see|tell)\b.{0,30}"
    r"\b(?:in (?:it|there)|in (?:my|the|this|that) order|items?|products?|contents?|details"
    r"|did i (?:buy|order|purchase))\b"
    r"|\bwhats\b.{0,10}\bin\b|\bhow much (?:did i pay|was|is) (?:for )?(?:my|the|this|order|it)\b|\bwhat did i pay\b"
    r"|\btotal of (?:my|the|order)\b"
    r"|\bwhat\b.{0,25}\b(?:take|took|taken|charged?|debit(?:ed)?|deduct(?:ed)?)\b.{0,25}"
    r"\b(?:card|account|paypal|bank|me)\b"
    r"|\bhow much\b.{0,25}\b(?:pa(?:y|id)|cost|spen[dt]|charged?|take|took|taken)\b",
    re.I,
)
_STATUS = re.compile(
    r"\bwhere(?:'s| is| are)? (?:my|the|our) .{0,15}\b(?:order|parcel|package|delivery|shipment|stuff|things?)\b"
    r"|\b(?:track|status|where|eta|arriv\w*|deliver(?:ed|y)?|ship(?:ped|ping)?|dispatch(?:ed)?|progress|update|coming"
    r"|(?:come|came|here) (?:today|tomorrow|yet)|turn(?:ed|s)? up|show(?:n|ed|s)? up"
    r"|on (?:its|the) way|(?:gone|sent|out) (?:out|off|yet)|left (?:yet|your|the))\b",
    re.I,
)  # fmt: skip


_GENERAL = re.compile(
    r"^\W*(?:how|when|what|why|which|(?:can|could|may|am|should|must|do|will) i\b|is it|is there|are there|do you|"
    r"does)\b",
    re.I,
)
_MY_ORDER = re.compile(r"\b(?:my|our) (?:\w+ )?(?:order|parcel|package|delivery|shipment)\b", re.I)
#: What somebody has, has ordered or waits for: a question with one of these is about their own.
_OWN = re.compile(
    r"\b(?:my|our|mine|this|that|the) (?:\w+ )?"
    r"(?:orders?|parcels?|packages?|delivery|shipment|invoices?|receipts?|bill|purchase|stuff|things?)\b"
    r"|\b(?:my|our|the|that) (?:(?!(?:of|an?|for|to|in|on|with|and|is)\b)[\w-]+ ){2,3}orders?\b"
    r"|\bhow much (?:was|were) (?:the|my|that|those)\b"
    r"|\bdid i (?:buy|order|purchase|pay)\b|\bi(?:'ve| have)? (?:ordered|bought|purchased|paid)\b"
    r"|\b(?:it|they) (?:arrive|come|get here|be (?:here|delivered|sent|shipped))\b|\bexpect (?:it|them)\b",
    re.I,
)
#: Somebody speaks of themselves: of what they have, did, or wait for.
_MINE = re.compile(
    r"\b(?:my|our|mine|me|us)\b|\b(?:i|we)(?:'ve|'m| have| had| am| was| still| just| never)?"
    r" (?:\w+ )?(?:ordered|bought|purchased|placed|paid|received|waiting|expecting)\b"
    r"|\b(?:still|not|n't|never|nothing|no one|any|is|has|was|when|where) (?:\w+ )?"
    r"(?:here|come|came|arrived?|shipped|sent|received|news|delivered|update)\b|\bwait(?:ing|ed)?\b",
    re.I,
)
_WHERE_TO_FIND = re.compile(r"^\W*where (?:do|can|could|would|should) (?:i|you|one) (?:find|see|get|look)\b", re.I)
_BACK = re.compile(r"\b(?:it|this one|that one|in there)\b", re.I)
#: Words that mean what was spoken of before.
_POINTS_BACK = re.compile(r"\b(?:it|its|that|this|such|those|these|they|them|there|one|ones)\b", re.I)
_ONLY_TICKET = re.compile(
    r"\b(?:i|we|you|would|like|to|can|could|please|just|hi|hello|me|for|a|an|new|the|support)\b", re.I
)
MOST_WORDS_BACK = 8
_BROKEN = re.compile(
    r"\b(?:broken|damaged|smashed|shattered|cracked|dented|crushed|defective|faulty|in pieces"
    r"|wrong (?:item|size|colou?r))\b",
    re.I,
)
_COMPLAINT = re.compile(
    r"\b(?:disappoint(?:ed|ing)|unacceptable|disgrace(?:ful)?|outrageous|ridiculous|furious|fed up|had enough of"
    r"|ruined"
    r"|(?:terrible|horrible|awful|lousy|worst|poor) (?:\w+ )?(?:service|support|experience|shop|store|company)"
    r"|never (?:buy|order|shop)\w* (?:here|from you|with you|again)|nobody cares)\b",
    re.I,
)
_LOST = re.compile(
    r"\b(?:lost|missing|late|delayed|not (?:come|here|arrived)|n't (?:come|arrived|received)|shown? up)\b", re.I
)
_BYE = re.compile(
    r"^\W*(?:good ?bye|bye|see you|ciao|have a (?:nice|good|great) (?:day|one|evening|weekend))\b.{0,20}$", re.I
)
#: Whoever wants to be promised that their parcel comes wants to hear where it is.
_PROMISE = re.compile(
    r"\b(?:promise|guarantee|assure|swear|tell)(?: to)? (?:me|us)\b.{0,30}\b(?:my|the|our|this) (?:\w+ )?"
    r"(?:order|parcel|package|delivery|shipment)\b.{0,20}\b(?:comes?|arrives?|(?:is|be) (?:here|there|delivered)"
    r"|gets? here)\b",
    re.I,
)
#: "Did you lose my stuff? Where is it?", "where is my stuff".
_MINE_WHERE = re.compile(
    r"\bmy (?:stuff|things?|goods|order|parcel|package)\b.{0,40}\bwhere(?:'s| is| are) (?:it|they)\b"
    r"|\bwhere(?:'s| is| are|s)? (?:all )?my (?:\w+ )?(?:stuff|things|goods)\b",
    re.I | re.S,
)
#: What is said before the matter itself: "sorry to bother you", "one question:", "hope you are well".
_POLITE = re.compile(
    r"^\W*(?:sorry (?:to (?:bother|disturb)|for (?:bothering|disturbing)).{0,30}"
    r"|(?:i )?hope (?:you|u|that|everyone).{0,40}"
    r"|(?:just )?(?:one|a|two|another)? ?(?:quick |short |small )?(?:question|things?)|excuse me|dear .{0,30})\W*$",
    re.I,
)
MAX_PLAIN_WORDS = 3
#: A yes or a no with words that add nothing to it: "no thanks, that is all".
_MOST_IN_ANSWER = 6


def certain(text: str, slots: Slots) -> str | None:
    """The intent that the words leave no doubt about; None when what was learned from messages must say."""
    if is_serious(text):
        return "serious"
    if wants_person(text):
        return "human"
    if _IDENTITY.search(text):
        return "identity"
    if _GREETING.search(text):
        return "greeting"
    if _TICKET.search(text) and not _WHEN.search(text):
        return "open_ticket"
    if slots.order_id is None and asks_again(text) and _REFUND.search(text):
        return "complaint"
    if hinted(text, slots) is not None:
        return None
    if (_PROMISE.search(text) or _MINE_WHERE.search(text)) and not _HOW.search(text):
        return "order_status"
    if slots.order_id is None and slots.email is None and _COMPLAINT.search(text) and "?" not in text:
        return "complaint"
    return _courtesy(text)


def hinted(text: str, slots: Slots) -> str | None:
    """What the words about money and orders speak for: right more often than not, and no more than that."""
    if (money := _about_money(text, slots)) is not None:
        return money
    if (slots.order_id or slots.email) and (order := _about_order(text)) is not None:
        return order
    own = _MY_ORDER.search(text) and not _BROKEN.search(text) and (_STATUS.search(text) or _LOST.search(text))
    return "order_status" if own and not _asks_how(text) else None


def asks_in_general(text: str) -> bool:
    """A question about what is possible, not a request."""
    return _GENERAL.search(text) is not None


def wants_change(text: str) -> bool:
    """Whether something of an order is to be other than it is."""
    return _CHANGE.search(text) is not None


def about_nobodys(text: str) -> bool:
    """A question in general that names nothing of one's own: "For how long do you keep invoices?"."""
    return (asks_in_general(text) or _WHERE_TO_FIND.search(text) is not None) and _OWN.search(text) is None


def asks_how(text: str) -> bool:
    """A question about how long or how something goes."""
    return _HOW.search(text) is not None


def speaks_of_own(text: str) -> bool:
    """Whether somebody speaks of something of their own: "do you keep invoices?" does not."""
    return _OWN.search(text) is not None or _MINE.search(text) is not None


def refers_back(text: str) -> bool:
    """A short message whose "it" is what was spoken of before; "how long does it take" is no such one."""
    return len(text.split()) <= MOST_WORDS_BACK and _BACK.search(text) is not None and _HOW.search(text) is None


def points_back(text: str) -> bool:
    """Whether a message has a word that means what was spoken of before."""
    return _POINTS_BACK.search(text) is not None


def is_only_a_ticket(text: str) -> bool:
    """The wish for a ticket, and no word of what it is about."""
    if _TICKET.search(text) is None:
        return False
    return not re.findall(r"\w+", _ONLY_TICKET.sub(" ", _TICKET.sub(" ", text)))


def is_yes(text: str) -> bool:
    """A plain yes, whatever follows it."""
    return _YES.search(text) is not None


def is_no(text: str) -> bool:
    """A plain no, whatever follows it."""
    return _NO.search(text) is not None


def is_courtesy(text: str) -> bool:
    """A greeting, thanks or an apology that asks for nothing."""
    return any(one.search(text) for one in (_GREETING, _THANKS, _BYE, _POLITE))


def _courtesy(text: str) -> str | None:
    if _THANKS.search(text) or _BYE.search(text):
        return "thanks"
    if len(text.split()) <= _MOST_IN_ANSWER and (is_yes(text) or is_no(text)) and is_only_answer(text):
        return "yes" if is_yes(text) else "no"
    return None


def _asks_how(text: str) -> bool:
    """A question about how things work, or a change that is wanted, rather than about this order's whereabouts."""
    return _HOW.search(text) is not None or _CHANGE.search(text) is not None


def _about_money(text: str, slots: Slots) -> str | None:
    general = _HOW.search(text) is not None or (slots.order_id is None and _WHY.search(text) is not None)
    if _REFUND.search(text) or (slots.order_id and _GIVE_BACK.search(text)):
        if general or (_WHEREABOUTS.search(text) and slots.amount is None):
            # How refunds work stands in the help pages; where one of an order is, billing knows.
            return "refund_status" if slots.order_id and not general else "knowledge"
        if slots.order_id or slots.amount or slots.whole:
            return "refund_request"
    if slots.invoice_number is not None:
        return "invoice"
    if _INVOICE.search(text) and not general and not _INVOICE_TOPIC.search(text):
        return "invoice"
    return None


def _about_order(text: str) -> str | None:
    """What is wanted of the order that the message names."""
    if _CHANGE.search(text) and not (_QUESTION.search(text) and _HOW.search(text)):
        return "order_change"
    if _CONTENT.search(text):
        return "order_content"
    return "order_status" if _STATUS.search(text) else None
