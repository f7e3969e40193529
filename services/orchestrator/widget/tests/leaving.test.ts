import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../src/deeds.ts";
import { chatting, taken, texts, turn, type Answers } from "./hosting.ts";
import { card, frame, streaming, view } from "./making.ts";

/** A response that comes when the test says so. */
function later(): { response: Promise<Response>; give: (response: Response) => void } {
  let give = (_: Response): void => undefined;
  const response = new Promise<Response>((done) => { give = done; });
  return { response, give };
}

/** Conversations c1, c2, … in their order. */
function numbered(more: Answers = {}): Answers {
  let count = 0;
  return { "/c": () => Response.json({ conversation_id: `c${(count += 1)}` }), "/v": () => Response.json(view()), ...more };
}

test("what is decided while the conversation is left changes nothing in the new one", async () => {
  const { response, give } = later();
  const { chat, asked } = chatting(numbered({ "/chat": () => taken(streaming([frame("1-1", card("confirmation"))])), "/y": () => response }));
  void chat.send("Refund it");
  await turn();
  const deciding = decide(chat, "t1", "d1", true);
  chat.fresh();
  await turn();
  const before = asked.length;
  give(Response.json({}));
  await deciding;
  assert.deepEqual([asked.length, texts(chat), chat.state().trouble], [before, [], null]);
  chat.leave();
});

test("what fails after its conversation was left is not told in the new one", async () => {
  const { response, give } = later();
  const { chat } = chatting(numbered({ "/h": () => response }));
  const asking = chat.askForPerson("A person, please");
  await turn();
  chat.fresh();
  await chat.begin();
  give(Response.json({ code: "overloaded" }, { status: 503 }));
  await asking;
  assert.deepEqual([texts(chat), chat.state().trouble], [[], null]);
  chat.leave();
});

test("a person who was asked for as the conversation was left is followed no more", async () => {
  const { response, give } = later();
  const { chat, asked } = chatting(numbered({ "/h": () => response }));
  const asking = chat.askForPerson("A person, please");
  await turn();
  chat.fresh();
  await chat.begin();
  give(Response.json({ turn_id: "t1" }));
  await asking;
  assert.deepEqual([texts(chat), asked], [[], ["/c", "/h", "/c", "/v"]]);
  chat.leave();
});

test("what is written while the conversation begins, and left, is not sent into the new one", async () => {
  const { response, give } = later();
  const begins = [() => response, () => Response.json({ conversation_id: "c2" })];
  const { chat, asked } = chatting(numbered({ "/c": () => begins.shift()!() }));
  const sending = chat.send("Hello");
  await turn();
  chat.fresh();
  await chat.begin();
  give(Response.json({ conversation_id: "c1" }));
  await sending;
  await turn();
  assert.deepEqual([chat.id, texts(chat), asked], ["c2", [], ["/c", "/c", "/v"]]);
  chat.leave();
});

test("a beginning that fails after it was left leaves the new one alone", async () => {
  const { response, give } = later();
  const begins = [() => response, () => Response.json({ conversation_id: "c2" })];
  const { chat, asked } = chatting(numbered({ "/c": () => begins.shift()!() }));
  const beginning = chat.begin();
  await turn();
  chat.fresh();
  await chat.begin();
  give(Response.json({ code: "overloaded" }, { status: 503 }));
  await beginning;
  await chat.begin();
  assert.deepEqual([chat.id, chat.state().trouble, asked.length], ["c2", null, 3]);
  chat.leave();
});

test("who leaves while the session is asked for is not called back by other tabs", async () => {
  const { chat, asked } = chatting({}, { visitor: "ghost" });
  const beginning = chat.begin();
  chat.leave();
  await beginning;
  const [other, witness] = [new BroadcastChannel("aiguy:ghost"), new BroadcastChannel("aiguy:ghost")];
  const heard = new Promise((done) => { witness.onmessage = done; });
  other.postMessage("fresh");
  await heard;
  await turn();
  other.close();
  witness.close();
  chat.leave();
  assert.deepEqual(asked, []);
});
