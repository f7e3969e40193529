import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, urlOf } from "../src/api.ts";
import { isStale, Problem, problemOf, troubleOf, Unreachable } from "../src/problems.ts";
import { Sessions } from "../src/sessions.ts";
import { JumpingClock } from "./making.ts";

interface Asked {
  url: string;
  options: RequestInit;
}

/** A host whose sessions have nonces 1, 2, …; `answer` judges every other call. */
function hosted(answer: (asked: Asked, nonce: string) => Response, session: object = {}): { api: Api; asked: Asked[]; clock: JumpingClock; opened: () => number } {
  const asked: Asked[] = [];
  const clock = new JumpingClock();
  let opened = 0;
  const fetch = async (url: string, options: RequestInit): Promise<Response> => {
    if (url === "/session") {
      opened += 1;
      const routes = { chat: "/chat", stream: "/stream", conversations: "/c", conversation: "/c/{conversation_id}", confirmations: "/y", handoff: "/h", feedback: "/f", stop: "/s" };
      return Response.json({ visitor: "v", kind: "guest", name: "", headers: { "X-WP-Nonce": String(opened) }, credentials: "same-origin", expires_in: 240, transport: "stream", routes, ...session });
    }
    asked.push({ url, options });
    return answer({ url, options }, (options.headers as Record<string, string>)["X-WP-Nonce"] ?? "");
  };
  return { api: new Api(new Sessions("/session", "de", fetch, clock), fetch, "de"), asked, clock, opened: () => opened };
}

const ok = (): Response => Response.json({ conversation_id: "c1", messages: [] });

test("routes are filled in, with a query of their own or without", () => {
  assert.equal(urlOf("/c/{conversation_id}", { conversation_id: "a/b" }), "/c/a%2Fb");
  assert.equal(urlOf("/s", { turn_id: "t 1" }), "/s?turn_id=t+1");
  assert.equal(urlOf("index.php?rest_route=/aiguy/v1/stream", { turn_id: "t" }), "index.php?rest_route=/aiguy/v1/stream&turn_id=t");
  assert.equal(urlOf("/c?conversation_id={conversation_id}", { conversation_id: "c&d" }), "/c?conversation_id=c%26d");
});

test("the session's headers go with every call, and its language", async () => {
  const { api, asked } = hosted(ok);
  await api.begin("web-12345678");
  const headers = asked[0]?.options.headers as Record<string, string>;
  assert.deepEqual([headers["X-WP-Nonce"], headers["accept-language"], asked[0]?.options.credentials], ["1", "de", "same-origin"]);
});

for (const [status, code] of [[401, "token_expired"], [401, ""], [403, "rest_cookie_invalid_nonce"], [403, "aiguy_stale_nonce"]] as const) {
  test(`after ${status} ${code} the call is made once more with a new session`, async () => {
    const { api, asked } = hosted((_, nonce) => (nonce === "1" ? Response.json({ code }, { status }) : ok()));
    await api.read("c1");
    assert.equal(asked.length, 2);
  });
}

test("it is tried once more, and not for ever", async () => {
  const { api, asked } = hosted(() => Response.json({ code: "token_expired" }, { status: 401 }));
  await assert.rejects(api.read("c1"), Problem);
  assert.equal(asked.length, 2);
});

test("another refusal is no reason for a new session", async () => {
  const { api, opened } = hosted(() => Response.json({ code: "forbidden" }, { status: 403 }));
  await assert.rejects(api.read("c1"), Problem);
  assert.equal(opened(), 1);
});

test("many calls at once open one session, and renew it once", async () => {
  const { api, opened } = hosted((_, nonce) => (nonce === "1" ? Response.json({}, { status: 401 }) : ok()));
  await Promise.all(Array.from({ length: 5 }, () => api.read("c1")));
  assert.equal(opened(), 2);
});

test("a session is renewed shortly before its end", async () => {
  const { api, clock, opened } = hosted(ok);
  await api.read("c1");
  clock.at += 200_000;
  await api.read("c1");
  assert.equal(opened(), 1);
  clock.at += 30_000;
  await api.read("c1");
  assert.equal(opened(), 2);
});

test("a page of a firewall is no answer", async () => {
  const { api } = hosted(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
  await assert.rejects(api.read("c1"), Unreachable);
});

test("a message has its key, and asks for a stream or for JSON", async () => {
  const { api, asked } = hosted(ok);
  const { signal } = new AbortController();
  await api.chat("web-12345678", "Hi", "msg_1", "stream", signal);
  await api.chat("web-12345678", "Hi", "msg_1", "json", signal);
  const headers = asked.map(({ options }) => options.headers as Record<string, string>);
  assert.deepEqual(headers.map((one) => [one["accept"], one["idempotency-key"]]), [["text/event-stream", "msg_1"], ["application/json", "msg_1"]]);
  assert.equal(asked[0]?.options.body, JSON.stringify({ session_id: "web-12345678", message: "Hi" }));
});

test("who is known sends no address along", async () => {
  const { api, asked } = hosted(ok, { routes: { chat: "/chat", email: "/e" } });
  await api.email("c1", "t1", "");
  await api.email("c1", "t1", "a@b.example");
  assert.deepEqual(asked.map(({ options }) => JSON.parse(String(options.body)).address), [undefined, "a@b.example"]);
});

test("a code for Slack is asked for with an object, which proxies want", async () => {
  const { api, asked } = hosted(() => Response.json({ code: "ABCD-EFGH-2345", expires_in_s: 600, app: "Shop assistant" }, { status: 201 }), { routes: { chat: "/chat", slack: "/slack" } });
  assert.equal((await api.slackCode()).code, "ABCD-EFGH-2345");
  assert.deepEqual(asked.map(({ url, options }) => [url, options.method, options.body]), [["/slack", "POST", "{}"]]);
});

test("problems of the API, of WordPress and of proxies are read", async () => {
  const rate = await problemOf(Response.json({ code: "rate_limited", retry_after_s: 7 }, { status: 429 }));
  assert.deepEqual([rate.code, rate.retryAfterS], ["rate_limited", 7]);
  const wordpress = await problemOf(Response.json({ code: "rest_cookie_invalid_nonce", message: "x", data: { status: 403 } }, { status: 403 }));
  assert.equal(isStale(wordpress), true);
  const proxy = await problemOf(new Response("<h1>Bad Gateway</h1>", { status: 502, headers: { "retry-after": "30" } }));
  assert.deepEqual([proxy.code, proxy.retryAfterS, troubleOf(proxy).kind], ["", 30, "busy"]);
});

test("every trouble has words of its own", () => {
  const kinds = [new Problem(429, ""), new Problem(409, "already_decided"), new Problem(403, "forbidden"), new Problem(404, ""), new Problem(413, ""), new Problem(500, ""), new Problem(422, ""), new Error("x")].map((error) => troubleOf(error).kind);
  assert.deepEqual(kinds, ["rate", "decided", "session", "gone", "long", "busy", "unknown", "unknown"]);
  assert.equal(troubleOf(new Unreachable(), false).kind, "offline");
  assert.equal(troubleOf(new Unreachable(), true).kind, "unreachable");
});
