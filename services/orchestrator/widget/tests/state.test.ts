import assert from "node:assert/strict";
import { test } from "node:test";
import { placed } from "../src/events.ts";
import { reduce, working } from "../src/state.ts";
import { after, answerOf, asking, card, chunk, end, message, said, view } from "./making.ts";

test("a message is on its way, then taken, and its answer is awaited", () => {
  const sending = after(asking[0]!);
  assert.deepEqual(sending.items.map(({ kind }) => kind), ["question", "answer"]);
  assert.equal(sending.items[0]?.kind === "question" && sending.items[0].status, "sending");
  const sent = after(...asking);
  assert.equal(sent.items[0]?.kind === "question" && sent.items[0].status, "sent");
  assert.equal(answerOf(sent).live, true);
});

test("a failed message keeps its words and its place; sent again it is one message", () => {
  const failed = after(asking[0]!, { type: "failed", key: "k1", trouble: { kind: "offline", retryAfterS: null } });
  assert.equal(failed.items.length, 1);
  const again = after(asking[0]!, { type: "failed", key: "k1", trouble: { kind: "offline", retryAfterS: null } }, ...asking);
  assert.deepEqual(again.items.map(({ key }) => key), ["k1", "answer-k1"]);
});

test("chunks are put at their place in characters", () => {
  const state = after(...asking, said("t1", chunk("Hi 👋🏽 ", 0)), said("t1", chunk("there", 6)));
  assert.equal(answerOf(state).text, "Hi 👋🏽 there");
});

test("a stream that is told again is as told once", () => {
  const events = [chunk("One ", 0), chunk("two ", 4), chunk("three", 8)].map((event) => said("t1", event));
  for (let cut = 0; cut <= events.length; cut += 1) {
    const state = after(...asking, ...events.slice(0, cut), ...events);
    assert.equal(answerOf(state).text, "One two three");
  }
});

test("at offset 0 the text starts anew", () => {
  const state = after(...asking, said("t1", chunk("A lost run", 0)), said("t1", chunk("Anew", 0)));
  assert.equal(answerOf(state).text, "Anew");
});

test("a piece behind a gap is left out, and the end has it all", () => {
  assert.equal(placed("ab", "ef", 4), "ab");
  const state = after(...asking, said("t1", chunk("ab", 0)), said("t1", chunk("ef", 4)), said("t1", end("abcdef")));
  assert.equal(answerOf(state).text, "abcdef");
});

test("what is told again of an answer that is whole changes nothing of it", () => {
  const whole = after(...asking, said("t1", end("One two")));
  for (const event of [chunk("One ", 0), card("confirmation"), { event: "status", state: "plan", text: "x" } as const]) {
    assert.deepEqual(reduce(whole, said("t1", event)), whole);
  }
});

test("the end's text, sources and links win", () => {
  const source = { title: "Returns", url: "https://s.example/r", quote: "30 days" };
  const state = after(...asking, said("t1", chunk("Draft", 0)), said("t1", { event: "citation", ...source }),
    said("t1", end("Final", { citations: [source], links: { pdf: "https://s.example/x" } })));
  const answer = answerOf(state);
  assert.deepEqual([answer.text, answer.live, answer.sources.length, answer.links], ["Final", false, 1, [["pdf", "https://s.example/x"]]]);
});

test("a source that is told twice is listed once", () => {
  const source: Parameters<typeof said>[1] = { event: "citation", title: "R", url: "u", quote: "q" };
  assert.equal(answerOf(after(...asking, said("t1", source), said("t1", source))).sources.length, 1);
});

test("a tool's step is one line from start to end, and a failed one says so", () => {
  const step = (phase: "started" | "succeeded" | "failed") => said("t1", { event: "tool", name: "get_order", label: "Looking up your order", phase });
  const state = after(...asking, step("started"), step("failed"), step("started"), step("succeeded"));
  assert.deepEqual(answerOf(state).steps.map(({ phase }) => phase), ["failed", "succeeded"]);
});

test("a card is decided once; shown again it stays decided", () => {
  const decided = after(...asking, said("t1", card("confirmation")), { type: "deciding", turnId: "t1", digest: "d1" },
    { type: "decided", turnId: "t1", digest: "d1", confirmed: true }, said("t1", card("confirmation")));
  assert.deepEqual(answerOf(decided).cards.map(({ status }) => status), ["yes"]);
});

test("a card for staff says that the person agreed, wherever they did", () => {
  const state = after(...asking, said("t1", card("confirmation")), said("t1", card("approval")));
  assert.deepEqual(answerOf(state).cards.map(({ kind, status }) => [kind, status]), [["confirmation", "yes"], ["approval", "waits"]]);
});

test("what could not be decided is open again, and says why", () => {
  const state = after(...asking, said("t1", card("confirmation")), { type: "deciding", turnId: "t1", digest: "d1" },
    { type: "undecided", turnId: "t1", digest: "d1", trouble: { kind: "busy", retryAfterS: null } });
  assert.deepEqual(answerOf(state).cards.map(({ status, trouble }) => [status, trouble?.kind]), [["open", "busy"]]);
});

test("the end closes open cards and leaves decided ones", () => {
  const open = after(...asking, said("t1", card("confirmation")), said("t1", end("Expired", { outcome: "expired" })));
  assert.equal(answerOf(open).cards[0]?.status, "over");
  const agreed = after(...asking, said("t1", card("confirmation")), { type: "decided", turnId: "t1", digest: "d1", confirmed: false }, said("t1", end("No")));
  assert.equal(answerOf(agreed).cards[0]?.status, "no");
});

test("a typed yes belongs to the turn of its card, whose answer goes on below it", () => {
  const state = after(...asking, said("t1", card("confirmation")), { type: "asked", key: "k2", text: "yes" },
    { type: "accepted", key: "k2", turnId: "t1" }, said("t1", end("Done")));
  assert.deepEqual(state.items.map(({ key }) => key), ["k1", "k2", "answer-k1"]);
  assert.equal(answerOf(state).text, "Done");
});

test("an answer whose turn was read before it was told as taken stays", () => {
  const read = view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] });
  const state = after(asking[0]!, { type: "view", view: read }, asking[1]!, said("t1", end("Hi")));
  assert.deepEqual(state.items.map(({ key, text }) => [key, text]), [["k1", "Hello"], ["answer-k1", "Hi"]]);
});

test("a yes in words to a card that was read before it was told as taken keeps the one answer", () => {
  const read = view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1"), message("customer", "yes", "t1")] });
  const state = after(...asking, said("t1", card("confirmation")), { type: "asked", key: "k2", text: "yes" }, { type: "view", view: read },
    { type: "accepted", key: "k2", turnId: "t1" }, said("t1", end("Done")));
  assert.deepEqual(state.items.map(({ key }) => key), ["k1", "k2", "answer-k1"]);
  assert.equal(answerOf(state).text, "Done");
});

test("only what is worked on can be stopped, not what waits for somebody", () => {
  assert.equal(working(after(...asking))?.turnId, "t1");
  assert.equal(working(after(...asking, said("t1", card("confirmation")))), null);
  assert.equal(working(after(...asking, said("t1", end("Done")))), null);
});

test("the end says who answers from here on", () => {
  assert.equal(after(...asking, said("t1", end("", { outcome: "with_staff", answering: "staff" }))).answering, "staff");
});

test("the first answer of a conversation may bring the disclosure", () => {
  assert.equal(after(...asking, said("t1", { event: "status", state: "disclosure", text: "An AI answers." })).disclosure, "An AI answers.");
});

test("events of unknown turns and of newer servers change nothing", () => {
  const state = after(...asking);
  assert.deepEqual(after(...asking, said("t9", chunk("x", 0))).items, state.items);
  assert.deepEqual(after(...asking, said("t1", { event: "novelty" } as never)).items, state.items);
});

test("a broken stream says so at its answer and may be followed again", () => {
  const broken = after(...asking, { type: "broken", turnId: "t1", trouble: { kind: "lost", retryAfterS: null } });
  assert.deepEqual([answerOf(broken).live, answerOf(broken).trouble?.kind], [false, "lost"]);
  const again = after(...asking, { type: "broken", turnId: "t1", trouble: { kind: "lost", retryAfterS: null } }, { type: "following", turnId: "t1" });
  assert.deepEqual([answerOf(again).live, answerOf(again).trouble], [true, null]);
});

test("ratings add up", () => {
  const state = after(...asking, said("t1", end("x")), { type: "rated", turnId: "t1", rating: { thumbs: "down" } }, { type: "rated", turnId: "t1", rating: { csat: 2 } });
  assert.deepEqual(answerOf(state).rating, { thumbs: "down", csat: 2 });
});

test("any order of any events leaves one answer whose text is the end's", () => {
  const events = [chunk("One ", 0), chunk("two", 4), card("confirmation"), card("approval"), { event: "status", state: "plan", text: "x" } as const,
    { event: "tool", name: "a", label: "A", phase: "started" } as const, chunk("Anew", 0)];
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 300; round += 1) {
    const shuffled = Array.from({ length: 12 }, () => events[Math.floor(random() * events.length)]!);
    const state = after(...asking, ...shuffled.map((event) => said("t1", event)), said("t1", end("The end")));
    assert.equal(state.items.filter(({ kind }) => kind === "answer").length, 1);
    assert.equal(answerOf(state).text, "The end");
    assert.ok(answerOf(state).cards.every(({ status }) => status !== "open" && status !== "waits"));
    assert.ok(answerOf(state).cards.length <= 2);
  }
});
