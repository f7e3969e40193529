"""Whether the model really answers: a short reply in the shape that the Brain asks for, over the wire that it uses."""

from collections.abc import Callable

import httpx

from onebox.readiness import wait_until
from orchestrator.brain.brief import brief_schema
from orchestrator.brain.shapes import NotAShape, ShapeReader

#: Seconds. The file is read from the disk first, which may be slow, on a machine that starts everything else as well.
TIMEOUT_S = 300.0
_QUESTION = {
    "messages": [{"role": "user", "content": "Say hello, in one word, as a JSON object of the kind final_message."}],
    "max_tokens": 64, "temperature": 0.0,
    "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "schema": brief_schema(())}},
}  # fmt: skip


async def wait_answering(
    base_url: str, key: str, given_up: Callable[[], bool] = lambda: False, timeout_s: float = TIMEOUT_S
) -> None:
    """Returns when the model at `base_url` (with /v1) has answered by the schema. Raises NotReadyError."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(timeout=timeout_s, headers=headers, trust_env=False) as client:

        async def ask() -> str:
            return _why_not(await client.post(f"{base_url}/chat/completions", json=_QUESTION))

        await wait_until(ask, given_up=given_up, timeout_s=timeout_s)


def _why_not(answer: httpx.Response) -> str:
    """'' when it is an answer by the schema. While the model is loaded it is HTTP 503."""
    if answer.status_code != httpx.codes.OK:
        return f"HTTP {answer.status_code}"
    try:
        ShapeReader().read(str(answer.json()["choices"][0]["message"]["content"]))
    except (NotAShape, ValueError, LookupError, TypeError):
        return "what it answers is not by the schema that it was given"
    return ""
