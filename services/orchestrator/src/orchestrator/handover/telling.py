"""What a customer is told while they wait for a person, in words of their language. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from orchestrator.effects.phrases import PhraseBook
from orchestrator.handover.policy import HoursPolicy, Moment
from orchestrator.handover.store import HandOver
from servicekit.addresses import masked

#: Before the same weekday comes again, its name says it all.
_NAMED = timedelta(days=6)


class Mailing(StrEnum):
    """Whether what people say is mailed, too: nowhere; to an address if one is left; to the one that was left; to that
    of the customer's account.
    """

    NO = "no"
    WANTED = "wanted"
    LEFT = "left"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Told:
    """What is shown beside the thread; "" when there is nothing to say."""

    text: str
    mailing: Mailing


@dataclass(frozen=True, slots=True)
class Reachable:
    """How somebody can be mailed: a guest at the address that they `left`, or if they leave one; a customer at that of
    their account. Neither without a mail server.
    """

    guest: bool
    can_mail: bool
    left: str | None = None
    known: str | None = None


def told(hand_over: HandOver, who: Reachable, hours: HoursPolicy, phrases: PhraseBook, now: datetime) -> Told:
    """What is shown now to who waits; nothing once a person has spoken."""
    if hand_over.human_at is not None:
        return Told("", Mailing.LEFT if who.left else Mailing.NO)
    said = waiting_words(hand_over, hours, phrases, now)
    mailing = _mailing(hand_over, who, waits=bool(said))
    if mailing is Mailing.WANTED:
        said.append(phrases.say("person_address"))
    elif mailing is not Mailing.NO:
        said.append(phrases.say("person_mailed", address=masked(who.left or who.known or "")))
    return Told(" ".join(said), mailing)


def waiting_words(hand_over: HandOver, hours: HoursPolicy, phrases: PhraseBook, now: datetime) -> list[str]:
    """The sentences about who is there and who is not; none for somebody who has only just asked."""
    said = []
    if hand_over.late_at is not None:
        said.append(phrases.say("person_late"))
    elif hand_over.told_at is not None and hours.is_open(now):
        said.append(phrases.say("person_busy"))
    if not hours.is_open(now):
        said.append(back_words(hours, phrases, now))
    return said


def back_words(hours: HoursPolicy, phrases: PhraseBook, now: datetime) -> str:
    """When people are back, in the shop's own time."""
    back = hours.opens(now)
    at = back.astimezone(hours.timezone)
    time, zone = f"{at:%H:%M}", at.tzname() or ""
    if at.date() == now.astimezone(hours.timezone).date():
        return phrases.say("person_today", time=time, zone=zone)
    day = phrases.say("weekdays").split()[at.weekday()]
    if back - now > _NAMED:
        day = f"{day} ({at:%Y-%m-%d})"
    return phrases.say("person_back", day=day, time=time, zone=zone)


def late_letter(hand_over: HandOver, moment: Moment, hours: HoursPolicy, phrases: PhraseBook) -> str:
    """What is mailed to who waits: the same words at every attempt, because they are those of the moment itself."""
    at = hand_over.at(moment) or hand_over.asked_at
    lead = phrases.say("person_late" if moment is Moment.LATE else "person_busy")
    return lead if hours.is_open(at) else f"{lead} {back_words(hours, phrases, at)}"


def _mailing(hand_over: HandOver, who: Reachable, *, waits: bool) -> Mailing:
    if who.left:
        return Mailing.LEFT
    if not who.can_mail or not waits:
        return Mailing.NO
    if who.guest:
        return Mailing.WANTED
    # What is promised here is kept by whoever answers: they see the same mark.
    return Mailing.KNOWN if who.known and hand_over.told_at is not None else Mailing.NO
