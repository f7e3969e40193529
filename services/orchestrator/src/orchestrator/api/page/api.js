// The public HTTP API as the desk uses it: a demo session of a member of staff, and JSON calls.

const RENEW_BEFORE_MS = 30_000;

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}.`);
  }
}

// A browser's own words for this differ, and mean nothing to anybody.
async function reach(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: "no-store" });
  } catch (error) {
    throw new Error("The shop cannot be reached. Please check your connection.", { cause: error });
  }
  if (response.ok) return response.json();
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

export class Api {
  #who;
  #token = "";
  #renewAt = 0;

  constructor(who) {
    this.#who = who;
  }

  approvals = async () => (await this.#call("GET", "/api/agent/approvals")).approvals;

  approve({ conversation_id, turn_id, digest }, approved, notes) {
    return this.#call("POST", "/api/agent/approvals", { conversation_id, turn_id, digest, approved, notes });
  }

  async #call(method, path, body) {
    const headers = { authorization: `Bearer ${await this.#current()}` };
    if (body) headers["content-type"] = "application/json";
    return reach(path, { method, headers, body: body && JSON.stringify(body) });
  }

  async #current() {
    if (Date.now() >= this.#renewAt) {
      const body = JSON.stringify({ who: this.#who });
      const session = await reach("/demo/session", { method: "POST", headers: { "content-type": "application/json" }, body });
      this.#token = session.token;
      this.#renewAt = Date.now() + session.expires_in * 1000 - RENEW_BEFORE_MS;
    }
    return this.#token;
  }
}
