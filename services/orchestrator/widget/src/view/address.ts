// "Leave your e-mail address, and we send you the answer": for a guest whose message nobody has time for now.

import type { Words } from "../i18n.ts";
import { h } from "./dom.ts";

/** The form; `leave` gets what was written, when it looks like an address. */
export function addressForm(words: Words, leave: (address: string) => void): HTMLElement {
  const field = h("input", { type: "email", name: "address", required: true, autocomplete: "email", maxlength: "254", dir: "ltr" });
  const form = h(
    "form", { class: "ask address" },
    h("label", {}, h("span", {}, words.address), field),
    h("button", { type: "submit", class: "primary" }, words.mailMe),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave(field.value.trim());
  });
  return form;
}
