"""What a question names in passing is taken out of it; what it is about stays."""

import pytest

from servicekit.embedding import Goods


@pytest.fixture(scope="module")
def goods() -> Goods:
    return Goods.load()


@pytest.mark.parametrize(
    ("said", "without"),
    [
        ("how do I send back a tent", "how do I send back it"),
        ("Can I pay with Klarna for the big camping stove?", "Can I pay with Klarna for it?"),
        ("May I swap my hiking boots and two LED lanterns?", "May I swap my hiking them and them?"),
        ("do you rent out tents", "do you rent out them"),
    ],
)
def test_goods_become_a_pronoun(goods: Goods, said: str, without: str) -> None:
    assert goods.without(said) == without


@pytest.mark.parametrize(
    "said",
    [
        "Where is my parcel?",
        "dead pixels tv how many",  # without an article it is what is sought
        "tents",
        "the cast iron pan",
        "Can I change my phone number?",
        "They can often tell",  # "ten" and "pan" are parts of words here
        "",
    ],
)
def test_the_rest_is_left_alone(goods: Goods, said: str) -> None:
    assert goods.without(said) == said


def test_a_shop_has_goods_of_its_own() -> None:
    own = Goods(["violin"], ["old"])
    assert own.without("is an old violin insured on the way") == "is it insured on the way"
    assert own.without("is a tent insured on the way") == "is a tent insured on the way"
