import assert from "node:assert/strict";
import { test } from "node:test";
import { Forgiving, Store, type Word } from "../src/store.ts";
import { Memory } from "./making.ts";

const nobody = (): void => undefined;

test("a conversation's name is made once and found again", () => {
  const local = new Memory();
  const first = new Store("v1", local, new Memory(), nobody, null).sessionId();
  const again = new Store("v1", local, new Memory(), nobody, null).sessionId();
  assert.deepEqual([first.known, again.known, again.id === first.id], [false, true, true]);
  assert.match(first.id, /^web-[A-Za-z0-9._:-]{8,60}$/);
});

test("each visitor has their own", () => {
  const local = new Memory();
  const [one, other] = ["v1", "v2"].map((visitor) => new Store(visitor, local, new Memory(), nobody, null).sessionId().id);
  assert.notEqual(one, other);
});

test("what somebody else has written there is not used", () => {
  const local = new Memory();
  local.setItem("aiguy:v1", "<script>");
  assert.equal(new Store("v1", local, new Memory(), nobody, null).sessionId().known, false);
});

test("a browser that keeps nothing is good for the life of the page", () => {
  const refusing = new Forgiving(() => { throw new DOMException("denied", "SecurityError"); });
  refusing.setItem("a", "1");
  assert.equal(refusing.getItem("a"), "1");
  refusing.removeItem("a");
  assert.equal(refusing.getItem("a"), null);
});

test("a draft is kept until it is sent", () => {
  const store = new Store("v1", new Memory(), new Memory(), nobody, null);
  store.keepDraft("half a thought");
  assert.equal(store.draft(), "half a thought");
  store.keepDraft("");
  assert.equal(store.draft(), "");
});

test("a tab that hears of a new conversation knows its name, though the browser's storage may tell it later", async () => {
  const [here, there] = [new BroadcastChannel("n"), new BroadcastChannel("n")];
  const telling = new Store("v1", new Memory(), new Memory(), nobody, here);
  const later = new Memory();
  const heard = await new Promise<string>((done) => {
    const hearing = new Store("v1", later, new Memory(), () => done(hearing.sessionId().id), there);
    telling.freshSessionId();
    telling.tell("fresh");
  });
  here.close();
  there.close();
  assert.equal(heard, telling.sessionId().id);
});

test("tabs of a visitor hear each other, and only known news", async () => {
  const heard: Word[] = [];
  const [here, there] = [new BroadcastChannel("t"), new BroadcastChannel("t")];
  const done = new Promise<void>((resolve) => {
    new Store("v1", new Memory(), new Memory(), (news) => { heard.push(news); if (news === "fresh") resolve(); }, there);
  });
  here.postMessage({ evil: true });
  here.postMessage("changed");
  here.postMessage("fresh");
  await done;
  here.close();
  there.close();
  assert.deepEqual(heard, ["changed", "fresh"]);
});
