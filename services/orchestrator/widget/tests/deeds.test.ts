import assert from "node:assert/strict";
import { test } from "node:test";
import { rate } from "../src/deeds.ts";
import { chatting, taken } from "./hosting.ts";
import { end, frame, streaming } from "./making.ts";

test("a thumb up takes back what was said to be wrong, and other ratings do not", async () => {
  const bodies: Record<string, unknown>[] = [];
  const { chat } = chatting({
    "/chat": () => taken(streaming([frame("1-1", end("Hi"))])),
    "/f": ({ body }) => (bodies.push(JSON.parse(String(body)) as Record<string, unknown>), new Response(null, { status: 204 })),
  });
  await chat.send("Hello");
  await rate(chat, "t1", { thumbs: "down", tags: ["wrong"], comment: "Shoes" });
  await rate(chat, "t1", { csat: 2 });
  await rate(chat, "t1", { thumbs: "up" });
  chat.leave();
  assert.deepEqual(bodies.slice(1).map(({ thumbs, csat, tags, comment }) => [thumbs, csat, tags, comment]), [["down", 2, ["wrong"], "Shoes"], ["up", 2, [], ""]]);
});
