// The frame around the conversation: a launcher that opens it, or a place in the page. Keys, focus, small screens.

import type { Context } from "./context.ts";
import { button, focused, h, icon } from "./dom.ts";

/** Below this the floating chat is the whole screen. In CSS too. */
export const FULL_SCREEN = "(max-width: 480px), (max-height: 480px)";

export interface Look {
  floating: boolean;
  title: string;
  /** "" is where lines end in the language of the page. */
  side: "left" | "right" | "";
}

export class PanelView {
  readonly launcher: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly answering = h("p", { class: "answering" });
  readonly fresh: HTMLButtonElement;
  #look: Look;
  #context: Context;
  #moved: (open: boolean) => void;
  #open: boolean;
  #badge = h("span", { class: "badge", hidden: true });
  #life = new AbortController();
  #full = matchMedia(FULL_SCREEN);

  /** `tools`: what stands in the head besides its own buttons. */
  constructor(context: Context, look: Look, tools: HTMLElement[], body: HTMLElement[], moved: (open: boolean) => void) {
    const { words, actions } = context;
    this.#look = look;
    this.#context = context;
    this.#moved = moved;
    this.#open = !look.floating;
    const title = look.title || words.title;
    this.fresh = button({ class: "icon-button", "aria-label": words.fresh, title: words.fresh, onclick: () => actions.fresh() }, icon("fresh"));
    const close = button({ class: "icon-button", "aria-label": words.close, title: words.close, onclick: () => this.close() }, icon("close"));
    this.launcher = button({ class: "launcher", "aria-expanded": "false", "aria-label": words.open, onclick: () => this.toggle() }, icon("chat"), this.#badge);
    this.element = h(
      "section", { class: "panel", role: look.floating ? "dialog" : "region", "aria-label": title, hidden: look.floating },
      h("header", { class: "head" },
        h("div", { class: "names" }, h("h2", { tabindex: "-1", dir: "auto" }, title), this.answering),
        ...tools, this.fresh, look.floating ? close : null),
      ...body,
    );
    if (look.floating) this.element.addEventListener("keydown", (event) => this.#key(event));
    if (look.side) for (const one of [this.element, this.launcher]) one.classList.add(look.side);
    const { signal } = this.#life;
    for (const kind of ["resize", "scroll"]) window.visualViewport?.addEventListener(kind, () => this.#fit(), { signal });
    this.#full.addEventListener("change", () => this.#fit(), { signal });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  toggle(): void {
    if (this.#open) this.close();
    else this.open(true);
  }

  /** `focus`: the person asked for it, so the keyboard goes along. */
  open(focus: boolean): void {
    if (!this.#look.floating || this.#open) return;
    this.#show(true);
    if (!focus) return;
    const place = this.#full.matches ? this.element.querySelector("h2") : this.element.querySelector("textarea");
    (place as HTMLElement | null)?.focus({ preventScroll: true });
  }

  close(): void {
    if (!this.#look.floating || !this.#open) return;
    this.#show(false);
    this.launcher.focus({ preventScroll: true });
  }

  /** Something new came while nobody looked. */
  unread(): void {
    if (this.#open) return;
    this.#badge.hidden = false;
    this.launcher.setAttribute("aria-label", `${this.#context.words.open}. ${this.#context.words.unread}`);
  }

  leave(): void {
    this.#life.abort();
    this.#lock(false);
  }

  #show(open: boolean): void {
    const { words } = this.#context;
    this.#open = open;
    this.element.hidden = !open;
    this.launcher.setAttribute("aria-expanded", String(open));
    this.launcher.setAttribute("aria-label", open ? words.close : words.open);
    if (open) this.#badge.hidden = true;
    this.#fit();
    this.#moved(open);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      this.close();
    }
    if (event.key === "Tab" && this.#full.matches) this.#trap(event);
  }

  /** On the whole screen nothing else is there to go to. */
  #trap(event: KeyboardEvent): void {
    const stops = [...this.element.querySelectorAll<HTMLElement>("button, textarea, input, a[href], summary, [tabindex='0']")]
      .filter((one) => one.checkVisibility());
    const [first, last] = [stops[0], stops.at(-1)];
    const now = focused(this.element);
    const leaving = event.shiftKey ? now === first || now?.tagName === "H2" : now === last;
    if (!leaving) return;
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }

  /** The on-screen keyboard covers the page without changing its height: the visible part is what the panel fills. */
  #fit(): void {
    const full = this.#look.floating && this.#open && this.#full.matches;
    const view = window.visualViewport;
    this.element.style.setProperty("--_height", full && view ? `${view.height}px` : "");
    this.element.style.setProperty("--_top", full && view ? `${view.offsetTop}px` : "");
    if (this.#look.floating) this.element.setAttribute("aria-modal", String(full));
    this.#lock(full);
  }

  /** The page behind the whole screen stays where it is. */
  #lock(on: boolean): void {
    if (this.#look.floating) document.documentElement.style.overflow = on ? "hidden" : "";
  }
}
