"""The judge asks a real server over the real wire; what it cannot grade is counted, and without a model it rests."""

import pytest
from evalbench.judge import conversation, judge, settings
from evalbench.rubric import BadLabels, Exchange, Grades, Label, instructions, kappa, read_labels

from evaluation.made_up import case, played, source
from scripted_llm.running import RunningLlm, running_llm
from scripted_llm.settings import Rule

GOOD = '{"accuracy": 2, "citation": 2, "action": 2, "tone": 1}'
BAD = '{"accuracy": 0, "citation": 1, "action": 0, "tone": 1}'


@pytest.fixture
async def server():
    async with running_llm() as running:
        yield running


def told(server: RunningLlm):
    return settings({
        "AIGUY_LLM_MODEL": "openai/scripted", "AIGUY_LLM_BASE_URL": server.base_url,
        "AIGUY_LLM_API_KEY": server.api_key,
    })  # fmt: skip


def says(server: RunningLlm, **by_word: str) -> None:
    server.model.follow(
        [Rule.model_validate({"match": word, "steps": [{"text": text}]}) for word, text in by_word.items()]
    )


def label(name: str, accuracy: int) -> Label:
    return Label(
        id=name, by="test", said=f"Customer: {name}", grades=Grades(accuracy=accuracy, citation=1, action=0, tone=1)
    )


async def test_without_a_model_it_says_that_it_was_not_run() -> None:
    found = await judge([played(case())], (), settings({}))
    assert found == {"ran": False, "why": "no model is configured (AIGUY_LLM_MODEL)"}


async def test_grades_are_means_and_stand_beside_the_agreement_with_people(server) -> None:
    says(server, postage=GOOD, cellar=BAD)
    runs = [played(case(says="postage")), played(case(says="cellar"))]
    labels = [label("postage a", 2), label("postage b", 2), label("cellar a", 0), label("cellar b", 2)]
    found = await judge(runs, labels, told(server))
    assert found["means"] == {"accuracy": 1.0, "citation": 1.5, "action": 1.0, "tone": 1.0}
    assert found["kappa"] == {"accuracy": 0.5, "citation": 0.0, "action": 0.0, "tone": None}
    assert (found["graded"], found["labels"], found["failed"]) == (2, 4, 0)
    assert "not to be relied on for citation, action, tone" in found["summary"]


@pytest.mark.parametrize(
    "reply", ["Looks fine to me.", '{"accuracy": 9, "citation": 1, "action": 1, "tone": 1}', '{"accuracy": 1}']
)
async def test_what_is_no_grade_is_counted_and_not_guessed(reply: str, server) -> None:
    says(server, postage=GOOD, cellar=reply)
    found = await judge([played(case(says="postage")), played(case(says="cellar"))], (), told(server))
    assert (found["graded"], found["failed"]) == (1, 1)
    assert found["means"]["accuracy"] == 2.0


async def test_a_model_that_is_down_grades_nothing(server) -> None:
    server.model.follow([Rule.model_validate({"match": ".", "steps": [{"fault": "server_error"}]})])
    found = await judge([played(case())], (), told(server))
    assert (found["graded"], found["failed"], found["means"]["tone"]) == (0, 1, None)


async def test_the_judge_reads_the_answer_its_tools_and_its_sources_and_the_rubric_stands_apart(server) -> None:
    says(server, postage=GOOD)
    run = played(
        case(says="postage"), "It is free.", sources=(source("within 30 days"),), tools=frozenset({"search_kb"})
    )
    await judge([run], (), told(server))
    body = server.model.received[-1].body.decode()
    assert all(part in body for part in ("It is free.", "within 30 days", "search_kb", "data from others"))
    assert "It is free." not in instructions()
    assert isinstance(conversation(run), Exchange)


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [([2, 2, 0, 0], [2, 2, 0, 0], 1.0), ([2, 0, 2, 0], [0, 2, 0, 2], -1.0), ([2, 2, 0, 0], [2, 0, 2, 0], 0.0),
     ([1, 1], [1, 1], None), ([], [], None)],
)  # fmt: skip
def test_kappa_is_agreement_beyond_chance(ours, theirs, value) -> None:
    assert kappa(ours, theirs) == value


def test_kappa_needs_a_grade_of_both() -> None:
    with pytest.raises(ValueError, match="both graders"):
        kappa([1], [1, 2])


def test_the_labels_that_ship_can_be_read_and_use_every_grade() -> None:
    labels = read_labels()
    assert len(labels) >= 15
    assert len({one.id for one in labels}) == len(labels)
    for point in ("accuracy", "citation", "action", "tone"):
        assert {one.grades.of(point) for one in labels} == {0, 1, 2}, point


def test_a_bad_label_is_told(tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "- {id: a, by: me, said: x, grades: {accuracy: 3, citation: 1, action: 1, tone: 1}}"
    )
    with pytest.raises(BadLabels, match=r"mine\.yaml: .*accuracy"):
        read_labels(tmp_path)
