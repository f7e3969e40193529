import assert from "node:assert/strict";
import { test } from "node:test";
import { retry, stop } from "../src/deeds.ts";
import { chatting, taken, texts, turn } from "./hosting.ts";
import { chunk, end, frame, Memory, message, streaming, view } from "./making.ts";

const posted = async (asked: string[]): Promise<void> => {
  while (!asked.includes("/chat")) await turn();
};

test("what is written before the conversation is known waits for it", async () => {
  const { chat, asked } = chatting({ "/chat": () => taken(streaming([frame("1-1", chunk("Hi", 0)), frame("1-2", end("Hi"))])) });
  await chat.send("Hello");
  chat.leave();
  assert.deepEqual([asked, texts(chat), chat.state().disclosure], [["/c", "/chat"], ["Hello", "Hi"], "An AI answers."]);
});

test("a stop that is pressed early goes out as soon as the turn is known", async () => {
  let take = (_: Response): void => undefined;
  const posted = new Promise<Response>((done) => { take = done; });
  const { chat, asked } = chatting({ "/chat": () => posted, "/s": () => new Response(null, { status: 202 }) });
  const sending = chat.send("Hello");
  const stopping = stop(chat);
  assert.ok(!asked.includes("/s"));
  take(taken(streaming([frame("9-9", end("Stopped.", { outcome: "stopped" }))])));
  await sending;
  assert.equal(await stopping, true);
  chat.leave();
  assert.deepEqual(asked, ["/c", "/chat", "/s"]);
});

test("a stop of what could not be sent does not stop the next try", async () => {
  let refuse = (_: Error): void => undefined;
  const tries: (() => Promise<Response>)[] = [
    () => new Promise((_, broken) => { refuse = broken; }),
    async () => taken(streaming([frame("1-1", end("Hi"))])),
  ];
  const { chat, asked } = chatting({ "/chat": () => tries.shift()!() });
  await chat.begin();
  const sending = chat.send("Hello");
  const stopping = stop(chat);
  await posted(asked);
  refuse(new TypeError("network error"));
  await sending;
  assert.equal(await stopping, true);
  await chat.again(chat.state().items[0]!.key);
  chat.leave();
  assert.deepEqual([asked, texts(chat)], [["/c", "/chat", "/chat"], ["Hello", "Hi"]]);
});

test("without a stream an early stop goes out as soon as the turn is read", async () => {
  let take = (_: Response): void => undefined;
  const read = view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] });
  const { chat, asked } = chatting({
    "/chat": () => new Promise((done) => { take = done; }),
    "/v": async () => (await turn(), Response.json(read)),
    "/s": () => Response.json({}, { status: 202 }),
  }, { transport: "poll" });
  const sending = chat.send("Hello");
  assert.equal(await stop(chat), true);
  assert.ok(asked.includes("/s"));
  take(Response.json({ conversation_id: "c1", turn_id: "t1", text: "", outcome: "stopped" }));
  await sending;
  chat.leave();
  assert.equal(asked.filter((path) => path === "/s").length, 1);
});

test("a stop that cannot be is said, and gone with the next message", async () => {
  const { chat } = chatting({ "/chat": () => taken(new Response(new ReadableStream())), "/s": () => Response.json({ code: "conflict" }, { status: 409 }) });
  void chat.send("Hello");
  await turn();
  assert.equal(await stop(chat), false);
  assert.equal(chat.state().trouble?.kind, "running");
  void chat.send("And now?");
  assert.equal(chat.state().trouble, null);
  chat.leave();
});

test("without a stream the answer comes in one piece, and a card with it", async () => {
  const card = { turn_id: "t1", kind: "confirmation", summary: "Refund", digest: "d", expires_at: "", texts: [] };
  const over = view({ messages: [message("customer", "Refund it", "t1"), message("assistant", "Done.", "t1")] });
  const { chat } = chatting({
    "/chat": () => Response.json({ conversation_id: "c1", turn_id: "t1", text: "", outcome: null, cards: [card] }),
    "/v": () => Response.json(over),
  }, { transport: "poll" });
  await chat.send("Refund it");
  chat.leave();
  assert.deepEqual(texts(chat), ["Refund it", "Done."]);
});

test("a proxy that gives up on a long answer loses nothing: the conversation has it", async () => {
  const over = view({ messages: [message("customer", "Hello", "t1"), message("assistant", "At last.", "t1")] });
  const { chat } = chatting({ "/chat": () => new Response("", { status: 504 }), "/v": () => Response.json(over) }, { transport: "poll" });
  await chat.send("Hello");
  chat.leave();
  assert.deepEqual(texts(chat), ["Hello", "At last."]);
});

test("what the server never had is told as not sent", async () => {
  const { chat } = chatting({ "/chat": () => new Response("", { status: 502 }), "/v": () => Response.json(view()) }, { transport: "poll" });
  await chat.send("Hello");
  chat.leave();
  const [question] = chat.state().items;
  assert.equal(question?.kind === "question" && question.status, "failed");
});

test("a person is asked for once at a time", async () => {
  let take = (_: Response): void => undefined;
  const { chat, asked } = chatting({ "/h": () => new Promise((done) => { take = done; }), "/stream": () => streaming([frame("1-1", end("I fetch one"))]) });
  await chat.begin();
  const asking = chat.askForPerson("A person, please");
  void chat.askForPerson("A person, please");
  await turn();
  assert.deepEqual(asked, ["/c", "/h"]);
  take(Response.json({ turn_id: "t1" }));
  await asking;
  assert.deepEqual([asked, texts(chat)], [["/c", "/h", "/stream"], ["A person, please", "I fetch one"]]);
  void chat.askForPerson("A person, please");
  await turn();
  chat.leave();
  assert.equal(asked.filter((path) => path === "/h").length, 2);
});

test("a proxy that hides the headers is read instead", async () => {
  const over = view({ messages: [message("customer", "Hello", "t1"), message("assistant", "Hi", "t1")] });
  const { chat } = chatting({ "/chat": () => streaming([frame("1-1", end("Hi"))]), "/v": () => Response.json(over) });
  await chat.send("Hello");
  chat.leave();
  assert.deepEqual(texts(chat), ["Hello", "Hi"]);
});

test("what the server refuses in a text is not sent, and a message of nothing else neither", async () => {
  const bodies: string[] = [];
  const { chat } = chatting({ "/chat": ({ body }) => {
    bodies.push((JSON.parse(String(body)) as { message: string }).message);
    return taken(streaming([frame("1-1", end("Hi"))]));
  } });
  await chat.send("\u0000Hel\u000blo \ud83d");
  await chat.send("\u0001 \u001f");
  chat.leave();
  assert.deepEqual([bodies, texts(chat)], [["Hello \ufffd"], ["Hello \ufffd", "Hi"]]);
});

test("a message that waits behind another one after a reload is followed in its turn", async () => {
  const keep = new Memory();
  keep.setItem("aiguy:v8", "web-0123456789abcdef");
  const both = [message("customer", "Where is it?", "t1"), message("customer", "And the other one?", "t2")];
  const reads = [
    view({ status: "working", open_turn: "t1", messages: both }),
    view({ status: "working", open_turn: "t2", messages: [both[0]!, message("assistant", "On its way", "t1"), both[1]!] }),
    view({ messages: [both[0]!, message("assistant", "On its way", "t1"), both[1]!, message("assistant", "That too", "t2")] }),
  ];
  const ends = [end("On its way"), end("That too")];
  const { chat, asked } = chatting({ "/v": () => Response.json(reads.shift()), "/stream": () => streaming([frame("1-1", ends.shift()!)]) }, { visitor: "v8", keep });
  await chat.begin();
  for (let turns = 0; turns < 20; turns += 1) await turn();
  chat.leave();
  assert.deepEqual(texts(chat), ["Where is it?", "On its way", "And the other one?", "That too"]);
  assert.deepEqual(asked.filter((path) => path === "/stream").length, 2);
});

test("a turn that cannot be followed after a reload is not followed for ever", async () => {
  const keep = new Memory();
  keep.setItem("aiguy:v8", "web-0123456789abcdef");
  const working = view({ status: "working", open_turn: "t1", messages: [message("customer", "Where is it?", "t1")] });
  const { chat, asked } = chatting({ "/v": () => Response.json(working), "/stream": () => Response.json({}, { status: 404 }) }, { visitor: "v8", keep });
  await chat.begin();
  for (const _ of "1234") await turn();
  chat.leave();
  assert.deepEqual(asked, ["/c", "/v", "/stream"]);
});

test("a look that comes after the end of an answer does not tell it again", async () => {
  let give = (_: Response): void => undefined;
  let body!: ReadableStreamDefaultController<Uint8Array>;
  const streamed = taken(new Response(new ReadableStream<Uint8Array>({ start: (controller) => { body = controller; } })));
  const { chat, asked } = chatting({ "/chat": () => streamed, "/v": () => new Promise((done) => { give = done; }) });
  const sending = chat.send("Hello");
  await posted(asked);
  const looking = chat.refresh();
  await turn();
  body.enqueue(new TextEncoder().encode(frame("1-1", end("One two"))));
  await sending;
  give(Response.json(view({ status: "working", open_turn: "t1", messages: [message("customer", "Hello", "t1")] })));
  await looking;
  await turn();
  chat.leave();
  assert.deepEqual([asked, texts(chat)], [["/c", "/chat", "/v"], ["Hello", "One two"]]);
});

test("where neither the message nor a look gets through, nothing is read for ever", async () => {
  let down = true;
  let reads = 0;
  const broken = (): never => { throw new TypeError("network error"); };
  const { chat } = chatting({ "/chat": broken, "/v": async () => (await turn(), (reads += 1), down ? broken() : Response.json(view())) }, { transport: "poll" });
  await chat.send("Hello");
  down = false;
  await turn();
  const before = reads;
  for (const _ of "12345") await turn();
  chat.leave();
  assert.equal(reads, before);
});

test("a first look that failed is made again with the next try", async () => {
  const keep = new Memory();
  keep.setItem("aiguy:v9", "web-0123456789abcdef");
  const looks = [new Response("", { status: 503 }), Response.json(view())];
  const { chat, asked } = chatting({ "/v": () => looks.shift()! }, { visitor: "v9", keep });
  await chat.begin();
  assert.deepEqual([chat.state().phase, chat.state().trouble?.kind], ["beginning", "busy"]);
  await retry(chat);
  chat.leave();
  assert.deepEqual([chat.state().phase, chat.state().trouble, asked], ["ready", null, ["/c", "/v", "/c", "/v"]]);
});

test("a look that the person asked for says when it failed, others do not", async () => {
  const { chat } = chatting({ "/v": () => new Response("", { status: 503 }) });
  await chat.begin();
  await chat.refresh();
  assert.equal(chat.state().trouble, null);
  await retry(chat);
  assert.equal(chat.state().trouble?.kind, "busy");
  chat.leave();
});
