import assert from "node:assert/strict";
import { test } from "node:test";
import { healed } from "../src/heal.ts";

const CASES: [string, string][] = [
  ["plain words", "plain words"],
  ["a **bold", "a **bold**"],
  ["a **bold** end", "a **bold** end"],
  ["a **", "a "],
  ["an *emphasis", "an *emphasis*"],
  ["**bold and *both", "**bold and *both***"],
  ["`code", "`code`"],
  ["`a * b", "`a * b`"],
  ["a [link](https://exa", "a link"],
  ["a [lin", "a lin"],
  ["a [link](https://example.com) end", "a [link](https://example.com) end"],
  ["```js\nlet a", "```js\nlet a\n```"],
  ["```js\nlet a\n```\n**b", "```js\nlet a\n```\n**b**"],
  ["* a list\n* of **two", "* a list\n* of **two**"],
  ["5 * 3", "5 * 3"],
  ["snake_case_name", "snake_case_name"],
  ["an escaped \\*", "an escaped \\*"],
  ["**done** and\n\n**open", "**done** and\n\n**open**"],
  ["a ~~gone", "a ~~gone~~"],
];

for (const [half, whole] of CASES) {
  test(`${JSON.stringify(half)} reads as ${JSON.stringify(whole)}`, () => assert.equal(healed(half), whole));
}

test("what is whole stays as it is, wherever a stream was before", () => {
  const text = "You can **return** it:\n\n1. *Print* the `label`\n2. [Send it](https://post.example/a_b)\n\n```\ncode * here\n```\nDone.";
  assert.equal(healed(text), text);
  for (let end = 0; end <= text.length; end += 1) {
    const half = healed(text.slice(0, end));
    assert.ok(!/\]\([^)]*$/.test(half), `half a link is shown of ${JSON.stringify(text.slice(0, end))}`);
  }
});
