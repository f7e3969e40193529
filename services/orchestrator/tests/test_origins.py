"""Which origins a shop may name: what a browser sends, and nothing that lets in more than one site."""

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestrator.settings import WebOrigins

ORIGINS: TypeAdapter[tuple[str, ...]] = TypeAdapter(WebOrigins)


@pytest.mark.parametrize(
    "origin",
    ["https://shop.example", "https://www.shop.example:8443", "https://xn--mbel-5qa.example", "http://localhost",
     "http://localhost:8000", "http://127.0.0.1:8080", "https://192.0.2.7"],
)  # fmt: skip
def test_an_origin_is_taken_as_it_is(origin: str) -> None:
    assert ORIGINS.validate_python([origin]) == (origin,)


@pytest.mark.parametrize(
    ("text", "why"),
    [("*", "every page there is"), ("https://*.shop.example", "every page there is"),
     ("https://shop.example/", "without a / at the end"), ("https://shop.example/help", "without a path"),
     ("https://shop.example?a", "no origin"), ("https://me@shop.example", "no origin"), ("shop.example", "no origin"),
     ("https://Shop.example", "small letters"), ("https://möbel.example", "no origin"), ("null", "no origin"),
     ("", "no origin"), (" https://shop.example", "no origin"), ("https://shop.example\n", "no origin"),
     ("file:///etc", "no origin"), ("https://shop.example:", "no origin"), ("https://shop.example:0", "no origin"),
     ("http://shop.example", "can be read on the way"), ("http://localhost.shop.example", "can be read on the way"),
     ("https://shop.example:443", "write https://shop.example"), ("http://localhost:80", "write http://localhost")],
)  # fmt: skip
def test_anything_else_is_refused_in_plain_words(text: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ORIGINS.validate_python(["https://shop.example", text])
    assert why in str(refused.value)
