import assert from "node:assert/strict";
import { test } from "node:test";
import { follow, poll, type Line } from "../src/follow.ts";
import { Lost, Problem, Unreachable } from "../src/problems.ts";
import type { ConversationView, StreamEvent } from "../src/wire.ts";
import { card, chunk, end, frame, JumpingClock, message, streaming, view } from "./making.ts";

interface Scene {
  line: Line;
  told: StreamEvent[];
  shown: ConversationView[];
  resumed: string[];
  clock: JumpingClock;
}

/** A line whose streams and views are given in order; one that is an Error is thrown. */
function scene(streams: (Response | Error)[], views: (ConversationView | Error)[] = [], work = true): Scene {
  const clock = new JumpingClock();
  const [told, shown, resumed]: [StreamEvent[], ConversationView[], string[]] = [[], [], []];
  const next = <T>(from: (T | Error)[], what: string): T => {
    const one = from.shift();
    if (one instanceof Error) throw one;
    if (one === undefined) throw new Error(`no more ${what}`);
    return one;
  };
  const line: Line = {
    clock, signal: new AbortController().signal, streams: { work },
    resume: async (last) => (resumed.push(last), next(streams, "streams")),
    read: async () => next(views, "views"),
    tell: (event) => told.push(event),
    show: (one) => shown.push(one),
    woken: () => new Promise(() => undefined),
  };
  return { line, told, shown, resumed, clock };
}

const text = (told: StreamEvent[]): string => told.map((event) => (event.event === "chunk" ? event.text : "")).join("");

test("a stream is followed to its end", async () => {
  const { line, told } = scene([]);
  await follow(line, "t1", streaming([frame("1-1", chunk("Hi", 0)), frame("1-2", end("Hi"))]));
  assert.deepEqual(told.map(({ event }) => event), ["chunk", "end"]);
});

test("a stream that breaks anywhere goes on behind the last event, without a lost or doubled word", async () => {
  const words = ["One ", "two ", "three ", "four"];
  const frames = words.map((word, index) => frame(`1-${index + 1}`, chunk(word, words.slice(0, index).join("").length)));
  const whole = [...frames, frame("1-9", end(words.join("")))];
  for (let cut = 0; cut < whole.length; cut += 1) {
    const { line, told, resumed } = scene([streaming(whole.slice(cut))]);
    await follow(line, "t1", streaming(whole.slice(0, cut), true));
    assert.equal(text(told), "One two three four");
    assert.deepEqual(resumed, [cut ? `1-${cut}` : ""]);
  }
});

test("a place in the queue, which has no id, is not where a stream goes on", async () => {
  const queued = 'event: status\ndata: {"state":"waiting","text":"You are number 2."}\n\n';
  const { line, told, resumed } = scene([streaming([queued], true), streaming([frame("1-2", end("One"))])]);
  await follow(line, "t1", streaming([frame("1-1", chunk("One", 0))], true));
  assert.deepEqual(told.map(({ event }) => event), ["chunk", "status", "end"]);
  assert.deepEqual(resumed, ["1-1", "1-1"]);
});

test("half a frame at the break is told once, whole", async () => {
  const half = frame("1-2", chunk("two", 4)).slice(0, 20);
  const { line, told } = scene([streaming([frame("1-2", chunk("two", 4)), frame("1-3", end("One two"))])]);
  await follow(line, "t1", streaming([frame("1-1", chunk("One ", 0)), half], true));
  assert.equal(text(told), "One two");
});

test("resuming waits longer each time, and starts over when something came", async () => {
  const { line, clock } = scene([new Unreachable(), new Unreachable(), streaming([frame("1-1", chunk("a", 0))]), streaming([frame("1-2", end("a"))])]);
  await follow(line, "t1");
  assert.deepEqual(clock.pauses, [250, 500, 250]);
});

test("after too many tries the line is lost", async () => {
  const { line } = scene(Array.from({ length: 20 }, () => new Unreachable()));
  await assert.rejects(follow(line, "t1"), Lost);
});

test("what no other try can mend is thrown at once", async () => {
  await assert.rejects(follow(scene([new Problem(404, "not_found")]).line, "t1"), (error) => error instanceof Problem && error.status === 404);
  const { line, clock } = scene([new Problem(503, "overloaded"), streaming([frame("1-1", end("ok"))])]);
  await follow(line, "t1");
  assert.equal(clock.pauses.length, 1);
});

test("a stream that closes because its turn still waits is followed again", async () => {
  const waits = frame("1-2", { event: "error", problem: { code: "deadline_exceeded" } });
  const { line, told, resumed } = scene([streaming([frame("1-3", end("ok"))])]);
  await follow(line, "t1", streaming([frame("1-1", chunk("a", 0)), waits]));
  assert.deepEqual([told.length, resumed], [2, ["1-2"]]);
});

test("another error of the stream is told as one", async () => {
  const erased = frame("1-2", { event: "error", problem: { code: "not_found" } });
  await assert.rejects(follow(scene([]).line, "t1", streaming([erased])), Problem);
});

test("while a card waits and the stream is closed the conversation is read, and the stream followed when it moves", async () => {
  const waiting = view({ status: "waiting", cards: [{ turn_id: "t1", kind: "approval", summary: "", digest: "d1", expires_at: "" }] });
  const working = view({ status: "working", open_turn: "t1" });
  const { line, told, shown, clock } = scene([streaming([frame("1-3", end("Approved"))])], [waiting, waiting, working]);
  await follow(line, "t1", streaming([frame("1-1", card("approval"))]));
  assert.equal(told.at(-1)?.event, "end");
  assert.equal(shown.length, 3);
  assert.deepEqual(clock.pauses.slice(0, 3), [3000, 4500, 6750]);
});

test("a card that was decided while nobody followed: the thread has the end", async () => {
  const over = view({ messages: [message("assistant", "Approved", "t1")] });
  const { line, shown, resumed } = scene([], [over]);
  await follow(line, "t1", streaming([frame("1-1", card("approval"))]));
  assert.deepEqual([shown.length, resumed.length], [1, 0]);
});

test("without streams the conversation is read until the turn is over", async () => {
  const { line, shown, clock } = scene([], [view({ status: "working", open_turn: "t1" }), new Unreachable(), view()], false);
  await follow(line, "t1");
  assert.equal(shown.length, 2);
  assert.ok(clock.pauses.every((ms) => ms >= 1000 && ms <= 4000));
});

test("who leaves is left alone", async () => {
  const stop = new AbortController();
  const { line } = scene([]);
  stop.abort();
  await assert.rejects(follow({ ...line, signal: stop.signal, resume: async () => { throw new DOMException("", "AbortError"); } }, "t1"));
});

test("who gave up is read for no more", async () => {
  const { line, shown } = scene([], [view({ status: "working" })]);
  await poll(line, () => null);
  assert.equal(shown.length, 1);
});
