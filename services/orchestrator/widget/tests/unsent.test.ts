import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chat } from "../src/chat.ts";
import { chatting, taken, texts, type Answers } from "./hosting.ts";
import { end, frame, Memory, message, streaming, view } from "./making.ts";

const down = (): Response => new Response("", { status: 502 });
const read = (...messages: ReturnType<typeof message>[]) => (): Response => Response.json(view({ messages }));
const keyOf = ({ headers }: RequestInit): string => (headers as Record<string, string>)["idempotency-key"] ?? "";

/** A browser of one visitor: each `load` is the page, loaded anew. */
class Browser {
  keep = new Memory();

  async load(answers: Answers, visitor = "v1"): Promise<Chat> {
    const { chat } = chatting({ "/v": read(), ...answers }, { visitor, keep: this.keep });
    await chat.begin();
    return chat;
  }

  /** What stands in the conversation after the page was loaded again, with how it fares. */
  async reloaded(answers: Answers = {}, visitor = "v1"): Promise<string[]> {
    const chat = await this.load(answers, visitor);
    chat.leave();
    return chat.state().items.map((item) => (item.kind === "question" ? `${item.text}: ${item.status}` : item.text));
  }

  /** The page, on which these messages have failed. */
  async failing(...messages: string[]): Promise<Chat> {
    const chat = await this.load({ "/chat": down });
    for (const text of messages) await chat.send(text);
    return chat;
  }

  /** Whether a word of the text is kept anywhere. */
  holds(text: string): boolean {
    return [...this.keep.values.values()].some((value) => value.includes(text));
  }
}

test("a message that failed is there after a reload, sent again it is the same, and then it is not kept", async () => {
  const browser = new Browser();
  const keys: string[] = [];
  const first = await browser.load({ "/chat": (options) => (keys.push(keyOf(options)), down()) });
  await first.send("Hello");
  first.leave();
  assert.ok(browser.holds("Hello"));
  const again = await browser.load({ "/chat": (options) => {
    keys.push(keyOf(options));
    return taken(streaming([frame("1-1", end("Hi"))]));
  } });
  assert.deepEqual(again.state().items.map(({ kind }) => kind), ["question"]);
  await again.again(again.state().items[0]!.key);
  again.leave();
  assert.deepEqual(texts(again), ["Hello", "Hi"]);
  assert.ok(keys.length === 2 && keys[0] && keys[0] === keys[1], keys.join());
  assert.equal(browser.holds("Hello"), false);
});

test("a message that is on its way while the page is loaded again is not lost", async () => {
  const browser = new Browser();
  const chat = await browser.load({ "/chat": () => new Promise(() => undefined) });
  void chat.send("Hello");
  chat.leave();
  assert.deepEqual(await browser.reloaded(), ["Hello: failed"]);
});

test("what is discarded is gone, here and after a reload", async () => {
  const browser = new Browser();
  const chat = await browser.failing("Hello");
  chat.discard(chat.state().items[0]!.key);
  chat.leave();
  assert.deepEqual([texts(chat), browser.holds("Hello")], [[], false]);
});

test("a new conversation does not begin with what failed in the one before", async () => {
  const browser = new Browser();
  const chat = await browser.failing("Hello");
  chat.fresh();
  chat.leave();
  assert.deepEqual([browser.holds("Hello"), await browser.reloaded()], [false, []]);
});

test("a message that the server had, though nobody could say so, is told as sent", async () => {
  const browser = new Browser();
  (await browser.failing("Hello")).leave();
  const had = read(message("customer", "Hello", "t1"), message("assistant", "Hi", "t1"));
  assert.deepEqual(await browser.reloaded({ "/v": had }), ["Hello: sent", "Hi"]);
  assert.equal(browser.holds("Hello"), false);
});

test("the same words as of an earlier message are a message of their own", async () => {
  const browser = new Browser();
  const before = read(message("customer", "Hello", "t1"), message("assistant", "Hi", "t1"));
  await browser.reloaded();
  const chat = await browser.load({ "/v": before, "/chat": down });
  await chat.send("Hello");
  chat.leave();
  for (const _ of "12") assert.deepEqual(await browser.reloaded({ "/v": before }), ["Hello: sent", "Hi", "Hello: failed"]);
});

test("of several that failed the last is kept", async () => {
  const browser = new Browser();
  (await browser.failing("One", "Two")).leave();
  assert.deepEqual([browser.holds("One"), await browser.reloaded()], [false, ["Two: failed"]]);
});

test("a page that cannot begin keeps it for the next try", async () => {
  const browser = new Browser();
  (await browser.failing("Hello")).leave();
  await browser.reloaded({ "/c": down });
  await browser.reloaded({ "/v": down });
  assert.deepEqual(await browser.reloaded(), ["Hello: failed"]);
});

test("another visitor of the same browser does not see it", async () => {
  const browser = new Browser();
  (await browser.failing("Hello")).leave();
  assert.deepEqual([await browser.reloaded({}, "v2"), await browser.reloaded()], [[], ["Hello: failed"]]);
});

test("the wish for a person is no message that is kept", async () => {
  const browser = new Browser();
  const chat = await browser.load({ "/h": down });
  await chat.askForPerson("A person, please");
  chat.leave();
  assert.deepEqual([texts(chat), browser.holds("A person")], [["A person, please"], false]);
});

for (const bad of ["{", "null", "[]", '{"session":1}', '{"session":"S","key":"<b>","text":"x","twins":0}', '{"session":"S","key":"msg_1","text":7,"twins":0}']) {
  test(`what somebody else has written there is not shown: ${bad}`, async () => {
    const browser = new Browser();
    await browser.reloaded();
    browser.keep.setItem("aiguy:v1:unsent", bad.replace("S", browser.keep.getItem("aiguy:v1") ?? ""));
    assert.deepEqual(await browser.reloaded(), []);
  });
}
