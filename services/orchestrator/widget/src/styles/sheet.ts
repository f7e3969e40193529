// All style sheets as one, adopted by the shadow root: no style attribute, no element, nothing for a strict CSP to refuse.

import base from "./base.css";
import cards from "./cards.css";
import composer from "./composer.css";
import panel from "./panel.css";
import thread from "./thread.css";

/** A fresh sheet. */
export function sheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync([base, panel, thread, cards, composer].join("\n"));
  return made;
}
