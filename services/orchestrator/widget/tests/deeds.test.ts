import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveAddress, rate } from "../src/deeds.ts";
import { chatting, taken } from "./hosting.ts";
import { end, frame, streaming, view } from "./making.ts";
import type { WaitingView } from "../src/wire.ts";

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

const asked: WaitingView = { text: "Nobody is there. Leave your e-mail address.", mailing: "wanted" };

test("an address that is left for people is told once, and the page sees that it is kept", async () => {
  const bodies: Record<string, unknown>[] = [];
  let waiting: WaitingView = asked;
  const { chat } = chatting({
    "/v": () => Response.json(view({ answering: "staff", hand_over: waiting })),
    "/h": ({ body }) => {
      bodies.push(JSON.parse(String(body)) as Record<string, unknown>);
      waiting = { text: "We will also e-mail it.", mailing: "left" };
      return Response.json({ turn_id: "t1" }, { status: 202 });
    },
  });
  await chat.begin();
  await chat.refresh();
  assert.deepEqual(chat.state().waiting, asked);
  assert.equal(await leaveAddress(chat, "gus@example.org"), null);
  assert.deepEqual(bodies.map(({ conversation_id, mail_to }) => [conversation_id, mail_to]), [["c1", "gus@example.org"]]);
  assert.equal(chat.state().waiting?.mailing, "left");
  assert.deepEqual(chat.state().items, [], "no message was sent");
  chat.leave();
});

for (const [status, kind] of [[422, "address"], [429, "rate"], [503, "busy"]] as const) {
  test(`an address that is answered with ${status} is told as ${kind}, and the place for it stays`, async () => {
    const { chat } = chatting({
      "/v": () => Response.json(view({ answering: "staff", hand_over: asked })),
      "/h": () => Response.json({ code: "x" }, { status }),
    });
    await chat.begin();
    await chat.refresh();
    assert.equal((await leaveAddress(chat, "gus@example.org"))?.kind, kind);
    assert.deepEqual(chat.state().waiting, asked);
    chat.leave();
  });
}

test("who waits is told nothing more once the assistant answers again", async () => {
  let answering = "staff";
  const { chat } = chatting({ "/v": () => Response.json(view({ answering, ...(answering === "staff" ? { hand_over: asked } : {}) } as object)) });
  await chat.begin();
  await chat.refresh();
  answering = "bot";
  await chat.refresh();
  assert.equal(chat.state().waiting, null);
  chat.leave();
});
