import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitLate, type Late } from "../src/late.ts";
import { Problem } from "../src/problems.ts";
import { newsOf } from "../src/news.ts";
import { chatting, taken, texts, turn } from "./hosting.ts";
import { after, answerOf, asking, card, chunk, end, frame, JumpingClock, message, said, streaming, view } from "./making.ts";

const promise = end("We will e-mail you the answer.", { outcome: "later" });
const promised = (): Response => streaming([frame("", promise)]);
const answered = (): Response => streaming([frame("1-1", chunk("Here", 0)), frame("1-2", end("Here it is."))]);

/** A page that looks at these, one after the other. */
function looking(looks: (Response | Error)[], visible = (): boolean => true): { line: Late; clock: JumpingClock; told: string[] } {
  const clock = new JumpingClock();
  const told: string[] = [];
  const line: Late = {
    clock, signal: new AbortController().signal, streams: { work: true }, visible, awaited: () => looks.length > 0,
    resume: async () => {
      const one = looks.shift();
      if (one === undefined || one instanceof Error) throw one ?? new Error("no more looks");
      return one;
    },
    read: async () => view(), tell: (event) => told.push(event.event), show: () => undefined, woken: () => new Promise(() => undefined),
  };
  return { line, clock, told };
}

test("it looks less and less often, tells no promise twice, and ends with the answer", async () => {
  const { line, clock, told } = looking([...Array.from({ length: 6 }, promised), answered()]);
  assert.equal(await awaitLate(line, "t1"), true);
  assert.deepEqual(told, ["chunk", "end"]);
  assert.deepEqual(clock.pauses, [15_000, 22_500, 33_750, 50_625, 60_000, 60_000, 60_000]);
});

test("nobody who does not see the page costs a look", async () => {
  let hidden = 5;
  const { line, clock } = looking([answered()], () => hidden-- <= 0);
  assert.equal(await awaitLate(line, "t1"), true);
  assert.equal(clock.pauses.length, 6);
});

test("an outage is outlived, a conversation that is gone is not asked for again", async () => {
  const outage = looking([new Problem(503, "overloaded"), new Problem(429, "rate_limited"), answered()]);
  assert.equal(await awaitLate(outage.line, "t1"), true);
  const gone = looking([new Problem(404, "not_found"), answered()]);
  assert.equal(await awaitLate(gone.line, "t1"), false);
});

const began = { type: "began", disclosure: "", slack: false } as const;

test("an answer that was promised begins anew in the place of the promise, and is news", () => {
  const before = after(began, ...asking, said("t1", promise));
  const begun = after(began, ...asking, said("t1", promise), said("t1", chunk("Here", 0)));
  assert.deepEqual([answerOf(begun).text, answerOf(begun).live, answerOf(begun).outcome], ["Here", true, null]);
  const now = after(began, ...asking, said("t1", promise), said("t1", end("Here it is.")));
  assert.deepEqual(newsOf(before, now).map(({ kind }) => kind), ["answer"]);
  assert.deepEqual(newsOf(before, after(began, ...asking, said("t1", promise), said("t1", promise))), []);
});

test("a card in its place is open, and the promise gone", () => {
  const state = after(...asking, said("t1", promise), said("t1", card("confirmation")));
  assert.deepEqual([answerOf(state).text, answerOf(state).cards.length], ["", 1]);
});

test("a chat shows it when it is there, and that it was e-mailed, as the conversation has it", async () => {
  const streams = [promised, answered];
  const read = view({ messages: [message("customer", "Hello", "t1"), { ...message("assistant", "Here it is.", "t1"), outcome: "answered", mailed: true }] });
  const { chat, asked } = chatting({
    "/chat": () => taken(promised()), "/stream": () => streams.shift()!(), "/v": () => Response.json(read),
  });
  await chat.send("Hello");
  for (let n = 0; n < 500 && !asked.includes("/v"); n += 1) await turn();
  await turn();
  assert.deepEqual(texts(chat), ["Hello", "Here it is."]);
  assert.equal(answerOf(chat.state()).mailed, true);
  chat.leave();
});

test("a message goes out again with the address, under its own key, and the address is kept nowhere", async () => {
  const bodies: string[] = [];
  const tries = [
    () => Response.json({ code: "overloaded", can_mail: true }, { status: 503 }),
    () => taken(streaming([frame("1-1", end("Hi"))])),
  ];
  const keys: string[] = [];
  const { chat } = chatting({ "/chat": (options) => {
    bodies.push(String(options.body));
    keys.push((options.headers as Record<string, string>)["idempotency-key"]!);
    return tries.shift()!();
  } });
  await chat.send("Hello");
  const [question] = chat.state().items;
  assert.deepEqual(question?.kind === "question" && question.trouble, { kind: "busy", retryAfterS: null, mails: true });
  await chat.again(question!.key, "gus@example.org");
  assert.deepEqual(bodies.map((one) => (JSON.parse(one) as { mail_to?: string }).mail_to), [undefined, "gus@example.org"]);
  assert.equal(new Set(keys).size, 1);
  assert.ok(!JSON.stringify(chat.state()).includes("gus@"));
  chat.leave();
});

test("without a stream, a promise that is read is not asked for again and again", async () => {
  const promising = view({ status: "working", open_turn: "t1", later: "We will e-mail you the answer.", messages: [message("customer", "Hello", "t1")] });
  let reads = 0;
  const { chat } = chatting({ "/v": () => (reads++ < 2 ? Response.json(promising) : new Promise(() => undefined)) }, { transport: "poll" });
  await chat.begin();
  await chat.refresh();
  await turn();
  assert.equal(answerOf(chat.state()).outcome, "later");
  chat.leave();
});
