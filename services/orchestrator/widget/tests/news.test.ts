import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "../src/model.ts";
import { newsOf } from "../src/news.ts";
import { BEGINNING, reduce } from "../src/state.ts";
import { asking, card, chunk, end, message, said, view } from "./making.ts";

const began: Action = { type: "began", disclosure: "", slack: false };
const cardView = { turn_id: "t1", kind: "approval" as const, summary: "Refund $5", digest: "d1", expires_at: "", texts: [] };
const hello = message("customer", "Hello", "t1");
const seen = (more: object): Action => ({ type: "view", view: view(more) });

/** What is told aloud, in order, while this happens. */
function heard(...actions: Action[]): string[] {
  let state = BEGINNING;
  return actions.flatMap((action) => {
    const before = state;
    state = reduce(state, action);
    return newsOf(before, state).map((one) =>
      one.kind === "answer" ? one.answer.text : one.kind === "card" ? one.card.kind : one.kind === "staff" ? one.text : one.kind);
  });
}

test("an answer is told once, when it is whole, whether it streams or is read", () => {
  const whole = seen({ messages: [hello, message("assistant", "Hi", "t1")] });
  assert.deepEqual(heard(began, ...asking, said("t1", chunk("H", 0)), said("t1", end("Hi")), whole, said("t1", end("Hi"))), ["Hi"]);
  assert.deepEqual(heard(began, ...asking, whole, said("t1", end("Hi"))), ["Hi"]);
  assert.deepEqual(heard(began, asking[0]!, whole, asking[1]!, said("t1", end("Hi"))), ["Hi"]);
});

test("a card is told once, whether it streams or is read", () => {
  const waits = seen({ status: "waiting", cards: [cardView], messages: [hello] });
  assert.deepEqual(heard(began, ...asking, said("t1", card("approval")), waits), ["approval"]);
  assert.deepEqual(heard(began, ...asking, waits, said("t1", card("approval"))), ["approval"]);
});

test("words of staff are told as they come", () => {
  const one = seen({ answering: "staff", messages: [message("staff", "I am Kim")] });
  assert.deepEqual(heard(began, one, one), ["I am Kim"]);
});

test("that a person has the message is told, whether the end says so or the answer is just not there", () => {
  assert.deepEqual(heard(began, ...asking, said("t1", end("", { outcome: "with_staff", answering: "staff" }))), ["team"]);
  const without = seen({ answering: "staff", messages: [hello] });
  assert.deepEqual(heard(began, ...asking, without, without), ["team"]);
  assert.deepEqual(heard(began, asking[0]!, without), ["team"]);
});

test("a conversation that is found again is no news, nor is a message that failed", () => {
  const all = { messages: [hello, message("assistant", "Hi", "t1"), message("staff", "I am Kim")] };
  assert.deepEqual(heard(seen(all), began, seen(all)), []);
  assert.deepEqual(heard(began, seen({ answering: "staff" }), asking[0]!, { type: "failed", key: "k1", trouble: { kind: "busy", retryAfterS: null } }), []);
});
