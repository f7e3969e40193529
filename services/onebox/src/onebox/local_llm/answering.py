"""Whether the model really answers: a short reply in the shape that the Brain asks for, over the wire that it uses."""

import asyncio
import time
from collections.abc import Callable

import httpx

from onebox.readiness import POLL_S, NotReadyError
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
    deadline = time.monotonic() + timeout_s
    said = "it does not answer"
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(timeout=timeout_s, headers=headers, trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                said = _why_not(await client.post(f"{base_url}/chat/completions", json=_QUESTION))
            except httpx.TransportError as error:
                said = f"it does not answer ({type(error).__name__})"
            if not said:
                return
            if given_up():
                raise NotReadyError("it keeps ending right after its start")
            await asyncio.sleep(POLL_S)
    raise NotReadyError(f"not ready after {timeout_s:.0f} s: {said}")


def _why_not(answer: httpx.Response) -> str:
    """'' when it is an answer by the schema. While the model is loaded it is HTTP 503."""
    if answer.status_code != httpx.codes.OK:
        return f"HTTP {answer.status_code}"
    try:
        ShapeReader().read(str(answer.json()["choices"][0]["message"]["content"]))
    except (NotAShape, ValueError, LookupError, TypeError):
        return "what it answers is not by the schema that it was given"
    return ""
