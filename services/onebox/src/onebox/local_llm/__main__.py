"""The process that serves the model: llama.cpp's own server in OpenAI's format, on the loopback address.

`python -m onebox.local_llm`, told by AIGUY_LOCAL_LLM_FILE, AIGUY_LOCAL_LLM_PORT, AIGUY_LOCAL_LLM_KEY and, if need be,
AIGUY_LOCAL_LLM_THREADS (as many as there are processors). SIGTERM ends it.
"""

import os
import signal

#: Prompt and answer of one call.
CONTEXT_TOKENS = 4096
#: One for the planner's instructions, one for the planner with results in hand, one for the writer's: none is read anew
#: because of another.
PLACES = 3
#: So much of a prompt is read at a time. Between two pieces a caller who has gone is noticed, and what was read is
#: kept for the next one who asks the same.
PIECE_TOKENS = 128
#: Megabytes for what was read before and may come again: other instructions, for guests and for those signed in.
KEPT_MB = 512
#: The services come first: a model that takes all processors would make them late.
_NICENESS = 5


def main() -> None:
    """Serve until told to end."""
    # Blocked before there are other threads, all of which inherit it: the signal comes here, or nowhere.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    os.nice(_NICENESS)
    serving = serve(
        os.environ["AIGUY_LOCAL_LLM_FILE"], int(os.environ["AIGUY_LOCAL_LLM_PORT"]), os.environ["AIGUY_LOCAL_LLM_KEY"],
        int(os.environ.get("AIGUY_LOCAL_LLM_THREADS") or len(os.sched_getaffinity(0))),
    )  # fmt: skip
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # Its threads may be in the middle of an answer that nobody waits for any more.
    os._exit(0 if serving else 1)


def serve(file: str, port: int, key: str, threads: int) -> object:
    """A server that answers at `port` from now on, for as long as it is held. Blocks while the model is loaded."""
    import xllamacpp  # noqa: PLC0415 - an extra, which is there only where a local model is wanted

    told = xllamacpp.CommonParams()
    told.model.path = file
    told.hostnames, told.port, told.api_keys = ["127.0.0.1"], port, [key]
    told.n_ctx, told.n_parallel = CONTEXT_TOKENS * PLACES, PLACES
    told.cpuparams.n_threads = told.cpuparams_batch.n_threads = threads
    told.n_batch = told.n_ubatch = PIECE_TOKENS
    told.cache_prompt, told.cache_ram_mib = True, KEPT_MB
    # What others ask is nobody's business, and no page in a browser asks anything.
    told.endpoint_slots, told.ui, told.cors_origins = False, False, "http://127.0.0.1"
    return xllamacpp.Server(told)


if __name__ == "__main__":
    main()
