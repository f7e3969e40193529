"""The rules over a whole answer: what is spread over more than a sentence and its neighbours is found, too."""

from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.guard.output.rule import Rule
from servicekit.privacy import Finder

#: Longer than what is read together with a sentence.
_BETWEEN = "We send the parcel to the shop. " * 8


def test_what_begins_and_ends_in_sentences_far_apart_breaks_its_rule() -> None:
    checker = AnswerChecker(Grounds(), load_output_policy(Finder.load()))
    assert Rule.IMAGE in checker.broken(f"![The map. {_BETWEEN}It ends here.](https://evil.example/x.png)")


def test_somebodys_data_is_found_in_a_sentence_of_the_whole() -> None:
    checker = AnswerChecker(Grounds(), load_output_policy(Finder.load()))
    assert checker.broken(f"{_BETWEEN}Write to otto.kern@example.org for it. {_BETWEEN}") == (Rule.PERSONAL,)
