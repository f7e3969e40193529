import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { sendable } from "../src/sendable.ts";

test("control characters of pasted text are left out, line breaks and tabs stay", () => {
  const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join("");
  assert.equal(sendable(`a${controls}b`), "a\t\n\rb");
});

test("half of a character becomes the sign for one, a whole one stays", () => {
  assert.equal(sendable("\ud83d 👋 \udc4b"), "\ufffd 👋 \ufffd");
});

test("of nothing but control characters and spaces nothing is left", () => {
  assert.deepEqual(["\u0000\u001f", " \u000b\n ", ""].map(sendable), ["", "", ""]);
});

test("what the server leaves out of a text, and nothing else, is left out here: a message is found again by its words", async () => {
  const cleaning = await readFile("../src/orchestrator/guard/input/cleaning.py", "utf8");
  const [, first, second] = /_UNSEEN = re\.compile\(\s*"(.+)"\s*"(.+)"/.exec(cleaning)!;
  const unseen = new RegExp((first! + second!).replace(/\\U000(\w{5})/g, "\\u{$1}"), "u");
  const differ: string[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    if (code === 0xd800) code = 0xe000; // halves are no characters
    const one = String.fromCodePoint(code);
    if ((sendable(`a${one}b`) === "ab") !== unseen.test(one)) differ.push(code.toString(16));
  }
  assert.deepEqual(differ, []);
});
