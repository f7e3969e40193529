"""What who waits is told: whether people are there, when they are back, and what is mailed; in every language."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from orchestrator.effects.phrases import load_phrases
from orchestrator.handover.policy import HoursPolicy, Moment, load_hours
from orchestrator.handover.store import HandOver
from orchestrator.handover.telling import Mailing, Reachable, back_words, late_letter, told

from .conftest import DAY, NIGHT

ASKED = HandOver(1, "cnv_1", "customer_asked", DAY, None, None, None)
GUEST, CUSTOMER = Reachable(True, True), Reachable(False, True, known="ada@example.com")
PHRASES = load_phrases()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NIGHT, "today at 08:00 (EST)"),
        (datetime(2026, 3, 7, 23, 0, tzinfo=UTC), "Monday at 08:00 (EDT)"),  # the clocks change on that Sunday
        (datetime(2026, 12, 24, 23, 0, tzinfo=UTC), "Thursday at 08:00 (EST)"),  # still open in New York
        (datetime(2026, 12, 25, 12, 0, tzinfo=UTC), "Saturday at 09:00 (EST)"),
        (datetime(2026, 3, 3, 4, 0, tzinfo=UTC), "Tuesday at 08:00 (EST)"),  # a day of ours that is not that of UTC
    ],
)
def test_people_are_back_when_the_policy_says_in_the_shops_own_time(
    hours: HoursPolicy, at: datetime, words: str
) -> None:
    if hours.is_open(at):
        assert told(ASKED, GUEST, hours, PHRASES, at).text == ""
    else:
        assert words in back_words(hours, PHRASES, at)


def test_a_long_holiday_is_told_with_its_date(hours: HoursPolicy) -> None:
    away = {(NIGHT + timedelta(days=n)).date() for n in range(10)}
    closed = HoursPolicy.model_validate(hours.model_dump() | {"closed": away})
    assert "Thursday (2026-03-12) at 08:00" in back_words(closed, PHRASES, NIGHT)


@pytest.mark.parametrize(
    ("told_at", "late_at", "at", "words"),
    [
        (None, None, DAY, ""),
        (DAY, None, DAY, "Nobody of our team is free just now."),
        (DAY, DAY, DAY, "I am sorry that you still wait. I have reminded our team."),
        (NIGHT, None, NIGHT, "Nobody of our team is there just now. They are back today at 08:00 (EST)."),
    ],
)
def test_each_moment_has_its_words(
    hours: HoursPolicy, told_at: datetime | None, late_at: datetime | None, at: datetime, words: str
) -> None:
    waits = replace(ASKED, told_at=told_at, late_at=late_at)
    found = told(waits, Reachable(True, False), hours, PHRASES, at)
    assert (found.text, found.mailing) == (words, Mailing.NO)


@pytest.mark.parametrize(
    ("who", "told_at", "mailing"),
    [
        (GUEST, None, Mailing.WANTED), (replace(GUEST, left="gus@example.org"), None, Mailing.LEFT),
        (replace(GUEST, can_mail=False), NIGHT, Mailing.NO), (CUSTOMER, NIGHT, Mailing.KNOWN),
        (CUSTOMER, None, Mailing.NO), (replace(CUSTOMER, known=None), NIGHT, Mailing.NO),
    ],
)  # fmt: skip
def test_an_address_is_asked_for_where_one_helps_and_is_shown_masked(
    hours: HoursPolicy, who: Reachable, told_at: datetime | None, mailing: Mailing
) -> None:
    found = told(replace(ASKED, told_at=told_at), who, hours, PHRASES, NIGHT)
    assert found.mailing is mailing
    assert ("Leave your e-mail address" in found.text) == (mailing is Mailing.WANTED)
    assert ("We will also e-mail" in found.text) == (mailing in (Mailing.LEFT, Mailing.KNOWN))
    assert "gus@" not in found.text
    assert "ada@" not in found.text


def test_once_a_person_has_spoken_nothing_more_is_said(hours: HoursPolicy) -> None:
    spoken = replace(ASKED, told_at=NIGHT, late_at=NIGHT, human_at=DAY)
    assert told(spoken, GUEST, hours, PHRASES, NIGHT).text == ""


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl"])
def test_every_language_has_all_words(hours: HoursPolicy, language: str) -> None:
    phrases = PHRASES.in_language(language)
    assert len(phrases.say("weekdays").split()) == 7
    waits = replace(ASKED, told_at=NIGHT, late_at=NIGHT)
    english = PHRASES.in_language("en")
    for who in (GUEST, CUSTOMER):
        text = told(waits, who, hours, phrases, NIGHT).text
        assert ("08:00" in text, "{" in text) == (True, False)
        assert language == "en" or text != told(waits, who, hours, english, NIGHT).text


def test_a_mail_says_the_same_however_late_it_is_sent(hours: HoursPolicy) -> None:
    assert "today at 08:00" in late_letter(replace(ASKED, late_at=NIGHT), Moment.LATE, hours, PHRASES)
    assert "They are back" not in late_letter(replace(ASKED, late_at=DAY), Moment.LATE, hours, PHRASES)


def test_the_policy_is_read_from_where_the_operator_says(tmp_path: Path, hours: HoursPolicy) -> None:
    own = {
        "version": "1", "timezone": "Europe/Berlin", "open": {"friday": ["09:00", "12:00"]}, "closed": [],
        "told_after_minutes": 1, "late_after_minutes": 2,
    }  # fmt: skip
    (tmp_path / "hours.yaml").write_text(yaml.safe_dump(own))
    found = load_hours(tmp_path / "hours.yaml")
    assert found.opens(NIGHT) == datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
    assert hours.is_open(DAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"}, {"open": {}}, {"open": {"monday": ["20:00", "08:00"]}}, {"told_after_minutes": 0},
        {"late_after_minutes": 5, "told_after_minutes": 5}, {"closed": ["soon"]}, {"opens": {}},
    ],
)  # fmt: skip
def test_a_wrong_policy_stops_the_start(tmp_path: Path, wrong: dict[str, object]) -> None:
    shipped = {
        "version": "1", "timezone": "UTC", "open": {"monday": ["08:00", "20:00"]}, "told_after_minutes": 5,
        "late_after_minutes": 60,
    }  # fmt: skip
    (tmp_path / "hours.yaml").write_text(yaml.safe_dump(shipped | wrong))
    with pytest.raises(ValueError, match="opening hours"):
        load_hours(tmp_path / "hours.yaml")
