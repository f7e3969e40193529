import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf, Silent, type Sent } from "../src/stream.ts";
import { chunk, end, frame, streaming } from "./making.ts";

async function all(response: Response): Promise<Sent[]> {
  const sent: Sent[] = [];
  for await (const one of eventsOf(response)) sent.push(one);
  return sent;
}

test("events come as they were sent, wherever the bytes are split", async () => {
  const bytes = new TextEncoder().encode(`: hello\n\n${frame("1-1", chunk("Grüße 👋", 0))}: keep-alive\n\n${frame("1-2", end("Grüße 👋"))}`);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const sent = await all(streaming([bytes.slice(0, cut), bytes.slice(cut)]));
    assert.deepEqual(sent.map(({ id, event }) => [id, event.event]), [["1-1", "chunk"], ["1-2", "end"]]);
    assert.equal(sent[0]?.event.event === "chunk" && sent[0].event.text, "Grüße 👋");
  }
});

test("windows line ends and events without readable data are no trouble", async () => {
  const sent = await all(streaming(["id: 1\r\nevent: chunk\r\ndata: {\"text\":\"a\",\"offset\":0}\r\n\r\n", "event: end\ndata: not json\n\n"]));
  assert.deepEqual(sent.map(({ event }) => event.event), ["chunk"]);
});

test("a name in the data does not stand for the event's own", async () => {
  const sent = await all(streaming(['event: chunk\ndata: {"event":"end","text":"a","offset":0}\n\n']));
  assert.equal(sent[0]?.event.event, "chunk");
});

test("a stream that says nothing at all is held back by somebody", async () => {
  const silent = new Response(new ReadableStream());
  await assert.rejects(async () => { for await (const _ of eventsOf(silent, 5, 5)); }, (error) => error instanceof Silent && error.held);
});

test("a stream that falls silent is broken", async () => {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(": hello\n\n")) });
  await assert.rejects(async () => { for await (const _ of eventsOf(new Response(body), 1000, 5)); }, (error) => error instanceof Silent && !error.held);
});
