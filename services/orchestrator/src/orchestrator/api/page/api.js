// The public HTTP API as this page uses it: a demo session, JSON calls, and a stream that is resumed where it broke.

const RENEW_BEFORE_MS = 30_000;
const RESUMES = 8;

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || "";
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body);
}

// A browser's own words for this differ, and mean nothing to a customer.
async function reach(path, options) {
  try {
    return await fetch(path, { ...options, cache: "no-store" });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Error("The shop cannot be reached. Please check your connection.", { cause: error });
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Api {
  #who;
  #guest = sessionStorage.getItem("guest");
  #token = "";
  #renewAt = 0;

  constructor(who) {
    this.#who = who;
  }

  begin = () => this.#call("POST", "/api/agent/conversations", { channel: "web", context: { language: navigator.language } });

  read = (conversation) => this.#call("GET", `/api/agent/conversations/${encodeURIComponent(conversation)}`);

  async send(conversation, text, clientTurn) {
    const body = { conversation_id: conversation, text, client_turn_id: clientTurn };
    return (await this.#call("POST", "/api/agent/messages", body)).turn_id;
  }

  async handOff(conversation, clientTurn) {
    const body = { conversation_id: conversation, client_turn_id: clientTurn };
    return (await this.#call("POST", "/api/agent/handoff", body)).turn_id;
  }

  decide(conversation, turn, digest, confirmed) {
    return this.#call("POST", "/api/agent/confirmations", { conversation_id: conversation, turn_id: turn, digest, confirmed });
  }

  approvals = async () => (await this.#call("GET", "/api/agent/approvals")).approvals;

  approve({ conversation_id, turn_id, digest }, approved, notes) {
    return this.#call("POST", "/api/agent/approvals", { conversation_id, turn_id, digest, approved, notes });
  }

  // Yields {id, event, data} up to the last one (`end` or `error`). A broken connection is resumed by Last-Event-ID.
  async *follow(conversation, turn, signal) {
    let last = "";
    for (let attempt = 0; attempt <= RESUMES; attempt += 1) {
      try {
        for await (const sent of this.#stream(conversation, turn, last, signal)) {
          last = sent.id || last;
          attempt = 0;
          // The turn waits for a person for longer than a stream stays open: follow it again.
          if (sent.event === "error" && sent.data.problem.code === "deadline_exceeded") break;
          yield sent;
          if (sent.event === "end" || sent.event === "error") return;
        }
      } catch (error) {
        if (signal.aborted || error instanceof Problem) throw error;
      }
      await pause(Math.min(4000, 250 * 2 ** attempt));
    }
    throw new Error("The connection is lost. The answer will be in this conversation when you load the page again.");
  }

  async *#stream(conversation, turn, last, signal) {
    const query = new URLSearchParams({ conversation_id: conversation, turn_id: turn });
    const headers = { ...(await this.#headers()), accept: "text/event-stream" };
    if (last) headers["last-event-id"] = last;
    const response = await reach(`/api/agent/stream?${query}`, { headers, signal });
    if (!response.ok) throw await problemOf(response);
    yield* events(response.body);
  }

  async #call(method, path, body) {
    const headers = await this.#headers();
    if (body) headers["content-type"] = "application/json";
    const response = await reach(path, { method, headers, body: body && JSON.stringify(body) });
    if (!response.ok) throw await problemOf(response);
    return response.json();
  }

  async #headers() {
    if (Date.now() >= this.#renewAt) {
      const response = await reach("/demo/session", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(this.#who === "guest" ? { who: "guest", guest_id: this.#guest } : { who: this.#who }),
      });
      if (!response.ok) throw await problemOf(response);
      const session = await response.json();
      // A guest stays the same guest as long as the tab lives, so that the conversation stays theirs.
      if (this.#who === "guest") sessionStorage.setItem("guest", (this.#guest = session.subject));
      this.#token = session.token;
      this.#renewAt = Date.now() + session.expires_in * 1000 - RENEW_BEFORE_MS;
    }
    return { authorization: `Bearer ${this.#token}` };
  }
}

// Server-Sent Events from a byte stream: {id, event, data} with `data` parsed. Comments (keep-alives) are skipped.
export async function* events(body) {
  let rest = "";
  for await (const piece of pieces(body)) {
    const blocks = (rest + piece).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const sent = { id: "", event: "message", data: [] };
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
        if (field === "data") sent.data.push(value);
        else if (field === "id" || field === "event") sent[field] = value;
      }
      if (sent.data.length) yield { ...sent, data: JSON.parse(sent.data.join("\n")) };
    }
  }
}

// Not every browser can iterate a ReadableStream by itself.
async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
