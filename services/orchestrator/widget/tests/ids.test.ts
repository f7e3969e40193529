import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../src/ids.ts";
import { Store } from "../src/store.ts";
import { Memory } from "./making.ts";

/** A page without TLS, as browsers have it. */
Object.defineProperty(crypto, "randomUUID", { value: undefined });

test("a page without TLS has names, and no two the same", () => {
  const ids = Array.from({ length: 1000 }, () => newId("msg_"));
  assert.ok(ids.every((id) => /^msg_[0-9a-f]{32}$/.test(id)));
  assert.equal(new Set(ids).size, ids.length);
});

test("a conversation on a page without TLS has a name that is known again", () => {
  const store = new Store("v1", new Memory(), new Memory(), () => undefined, null);
  const { id } = store.sessionId();
  assert.deepEqual(store.sessionId(), { id, known: true });
});
