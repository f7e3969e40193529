// The conversation on the screen: who said what, and where the reader is in it.

import { Answer } from "./answer.js";
import { element, showText } from "./text.js";

const $ = (id) => document.getElementById(id);

const ABOVE_PX = 12;
const SCROLLED_PX = 8;

export class Thread {
  #list = $("messages");
  #scroller = $("thread");
  #at = 0;
  #away = false;

  constructor() {
    // What shrinks at the end moves the reader too, but leaves them at the end.
    this.#scroller.addEventListener("scroll", () => {
      const at = this.#scroller.scrollTop;
      if (this.#below() <= SCROLLED_PX) this.#away = false;
      else if (at < this.#at - SCROLLED_PX) this.#away = true;
      this.#at = at;
    });
  }

  clear() {
    this.#list.replaceChildren();
    $("hints").hidden = false;
    this.#at = 0;
    this.#away = false;
  }

  customer(text) {
    this.#away = false;
    const item = this.#add("customer", "You", text);
    this.#follow(item);
  }

  staff(text) {
    const item = this.#add("staff", "A person from our team", "");
    showText(item.querySelector(".text"), text);
    this.#follow(item);
  }

  answer(text = "") {
    const item = this.#add("assistant", "Assistant", text);
    this.#follow(item);
    return new Answer(item, () => this.#follow(item));
  }

  #add(role, label, text) {
    $("hints").hidden = true;
    const item = element("li", `message ${role}`);
    item.append(element("span", role === "staff" ? "by" : "hidden", `${label}: `), element("p", "text", text));
    this.#list.append(item);
    return item;
  }

  // What grows is followed while its beginning is on the screen, and not when the reader has scrolled back.
  #follow(item) {
    if (this.#away) return;
    const room = this.#scroller;
    const above = item.getBoundingClientRect().top - room.getBoundingClientRect().top - ABOVE_PX;
    room.scrollTop += Math.max(0, Math.min(above, this.#below()));
    this.#at = room.scrollTop;
  }

  // How many pixels are left to scroll.
  #below() {
    return this.#scroller.scrollHeight - this.#scroller.clientHeight - this.#scroller.scrollTop;
  }
}
