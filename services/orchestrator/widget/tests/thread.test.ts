import assert from "node:assert/strict";
import { test } from "node:test";
import { openTurns } from "../src/thread.ts";
import { after, answerOf, asking, card, chunk, end, message, said, view } from "./making.ts";

const told = message("assistant", "You talk to an AI.");
const cardView = { turn_id: "t1", kind: "confirmation" as const, summary: "Refund $5", digest: "d1", expires_at: "2099-01-01T00:00:00Z", texts: [] };

test("a conversation that is read again is all there", () => {
  const source = { title: "R", url: "https://s.example", quote: "q" };
  const answered = { ...message("assistant", "Hi", "t1"), citations: [source], links: { pdf: "https://s.example/p" }, outcome: "answered", thumbs: "up" as const };
  const state = after({ type: "view", view: view({ messages: [told, message("customer", "Hello", "t1"), answered, message("staff", "I am Kim")] }) });
  assert.deepEqual(state.items.map(({ kind }) => kind), ["question", "answer", "staff"]);
  assert.equal(state.disclosure, "You talk to an AI.");
  const answer = answerOf(state);
  assert.deepEqual([answer.sources, answer.links, answer.rating.thumbs, answer.live], [[source], [["pdf", "https://s.example/p"]], "up", false]);
});

test("what was seen streaming keeps its keys and its sources when it is read", () => {
  const source = { title: "R", url: "https://s.example", quote: "q" };
  const state = after(...asking, said("t1", end("Hi", { citations: [source] })),
    { type: "view", view: view({ messages: [told, message("customer", "Hello", "t1"), message("assistant", "Hi", "t1")] }) });
  assert.deepEqual(state.items.map(({ key }) => key), ["k1", "answer-k1"]);
  assert.deepEqual(answerOf(state).sources, [source]);
});

test("a message on its way is found in the thread by its words, with the place of its answer", () => {
  const state = after(asking[0]!, { type: "view", view: view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] }) });
  assert.deepEqual(state.items.map(({ key }) => key), ["k1", "answer-k1"]);
  assert.equal(answerOf(state).live, true);
});

test("a message that the server does not have yet stays, at the end", () => {
  const state = after(asking[0]!, { type: "view", view: view({ messages: [message("customer", "Before", "t0"), message("assistant", "Yes", "t0")] }) });
  assert.deepEqual(state.items.map(({ kind }) => kind), ["question", "answer", "question", "answer"]);
});

test("the same words twice are two messages", () => {
  const twice = view({ messages: [message("customer", "Hello", "t1"), message("assistant", "1", "t1"), message("customer", "Hello", "t2"), message("assistant", "2", "t2")] });
  const state = after({ type: "view", view: twice }, { type: "view", view: twice });
  assert.equal(new Set(state.items.map(({ key }) => key)).size, 4);
});

test("an answer in mid-stream goes on when the conversation is read meanwhile", () => {
  const state = after(...asking, said("t1", chunk("Half an", 0)), { type: "view", view: view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] }) });
  assert.deepEqual([answerOf(state).text, answerOf(state).live], ["Half an", true]);
});

test("a view that was read before the end does not wake an answer", () => {
  const state = after(...asking, said("t1", end("Done")), { type: "view", view: view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] }) });
  assert.deepEqual([answerOf(state).text, answerOf(state).live], ["Done", false]);
});

test("an open card is there after a reload, and one that was decided elsewhere is over", () => {
  const open = view({ status: "waiting", cards: [cardView], messages: [message("customer", "Hello", "t1")] });
  assert.deepEqual([...openTurns(open)], ["t1"]);
  const state = after({ type: "view", view: open });
  assert.deepEqual(answerOf(state).cards.map(({ status }) => status), ["open"]);
  const elsewhere = after({ type: "view", view: open }, { type: "view", view: view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] }) });
  assert.deepEqual(answerOf(elsewhere).cards.map(({ status }) => status), ["over"]);
});

test("a card that is being decided stays so while the conversation is read", () => {
  const open = view({ status: "waiting", cards: [cardView], messages: [message("customer", "Hello", "t1")] });
  const state = after(...asking, said("t1", card("confirmation")), { type: "deciding", turnId: "t1", digest: "d1" }, { type: "view", view: open });
  assert.deepEqual(answerOf(state).cards.map(({ status }) => status), ["sending"]);
});

test("a turn that ended without words, because a person answers, leaves nothing open", () => {
  const state = after(...asking, { type: "view", view: view({ answering: "staff", messages: [message("customer", "Hello", "t1")] }) });
  assert.deepEqual([state.answering, state.items.map(({ kind }) => kind)], ["staff", ["question"]]);
});

test("a failed message stays where the person can send it again", () => {
  const state = after(asking[0]!, { type: "failed", key: "k1", trouble: { kind: "offline", retryAfterS: null } }, { type: "view", view: view() });
  assert.deepEqual(state.items.map(({ key }) => key), ["k1"]);
});
