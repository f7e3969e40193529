"""The citation checker: what a passage carries is kept, what it does not is dropped, sentence by sentence."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.guard.support.checking import Answered, Sentence, check_sentences
from orchestrator.guard.support.evidence import evidence_of

_DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "support.yaml").read_text(encoding="utf-8"))


def output_of(*names: str) -> dict[str, Any]:
    return {
        "passages": [
            {
                "chunk_id": name,
                "title": name.title(),
                "url": f"https://n.example/{name}",
                "text": _DATA["passages"][name],
            }
            for name in names
        ]
    }


def checked(text: str, *outputs: dict[str, Any], marks: dict[int, list[str]] | None = None) -> tuple[Sentence, ...]:
    return check_sentences(Answered(text, marks or {}, lambda _text: False), evidence_of(outputs))


@pytest.mark.parametrize(("passage", "sentence", "wanted"), _DATA["cases"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_sentence_gets_the_right_verdict(passage: str, sentence: str, wanted: str, alone: bool) -> None:
    names = (passage,) if alone else tuple(sorted(_DATA["passages"]))
    (found,) = checked(sentence, output_of(*names))
    said = {"knowledge": "kept", "unsupported": "dropped", "talk": "talk"}[found.kind]
    assert said == wanted, found
    for span in found.spans:
        assert span.quote in span.passage.text, "a quote is a verbatim span"
        assert span.passage.chunk_id == passage


@pytest.mark.parametrize("sentence", _DATA["small_talk"])
def test_small_talk_needs_no_source(sentence: str) -> None:
    assert {one.kind for one in checked(sentence)} == {"talk"}


@pytest.mark.parametrize("sentence", _DATA["policy_from_nowhere"])
def test_what_the_shop_does_needs_a_source_even_where_nothing_was_searched(sentence: str) -> None:
    assert "unsupported" in {one.kind for one in checked(sentence)}
