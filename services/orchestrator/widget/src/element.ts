// `<aiguy-chat>`: reads its attributes, puts the parts together, begins when somebody looks.

import { actionsOf, begin } from "./actions.ts";
import { Api } from "./api.ts";
import { Chat } from "./chat.ts";
import { pageClock } from "./clock.ts";
import { directionOf, languageOf, spoken, wordsOf } from "./i18n.ts";
import { Sessions } from "./sessions.ts";
import { BEGINNING } from "./state.ts";
import { Forgiving } from "./store.ts";
import { sheet } from "./styles/sheet.ts";
import { ChatView, type Wish } from "./view/chat.ts";

const OPEN = "aiguy:open";

export class AiguyChat extends HTMLElement {
  static observedAttributes = ["theme"];
  #chat: Chat | null = null;
  #view: ChatView | null = null;
  #title = "";
  #life = new AbortController();
  #local = new Forgiving(() => localStorage);
  #tab = new Forgiving(() => sessionStorage);

  connectedCallback(): void {
    if (this.#view || !this.getAttribute("session")) return;
    // As an attribute it would be a tooltip over the whole chat.
    this.#title = this.getAttribute("title") ?? this.#title;
    this.removeAttribute("title");
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    this.#build(root);
  }

  disconnectedCallback(): void {
    this.#leave();
    this.shadowRoot?.replaceChildren();
  }

  attributeChangedCallback(): void {
    this.#view?.element.setAttribute("data-theme", this.getAttribute("theme") ?? "auto");
  }

  /** The person changed: forget the session and ask for a new one. */
  renew(): void {
    const open = this.#view?.panel.isOpen ?? false;
    const root = this.shadowRoot;
    if (!root || !this.#view) return;
    this.#leave();
    root.replaceChildren();
    this.#build(root, open);
  }

  #leave(): void {
    this.#life.abort();
    this.#chat?.leave();
    this.#view?.panel.leave();
    this.#view = this.#chat = null;
  }

  #build(root: ShadowRoot, open = false): void {
    this.#life = new AbortController();
    const lang = languageOf(this.getAttribute("lang"), this.closest("[lang]")?.getAttribute("lang"), document.documentElement.lang, navigator.language);
    const floating = this.getAttribute("placement") === "floating";
    const fetch = window.fetch.bind(window);
    const sessions = new Sessions(this.getAttribute("session") ?? "", lang, fetch, pageClock, () => this.#chat === chat && this.renew());
    const page = { clock: pageClock, local: this.#local, tab: this.#tab, online: () => navigator.onLine, visible: () => document.visibilityState === "visible" };
    const chat: Chat = new Chat(new Api(sessions, fetch, lang), page, (state, action, news) => {
      view.update(state, action, news);
      for (const one of news) {
        if (one.kind === "answer" || one.kind === "team") this.#tell("message", { outcome: one.kind === "team" ? "with_staff" : one.answer.outcome });
      }
    });
    const context = { words: wordsOf(lang), lang: spoken(lang), actions: actionsOf(chat, () => view, () => this.#tell("ended", {})) };
    const position = this.getAttribute("position");
    const side = position === "left" || position === "right" ? position : "";
    const wish: Wish = {
      floating, title: this.#title, greeting: this.getAttribute("greeting") ?? "", contact: this.getAttribute("contact") ?? "",
      side,
    };
    const view: ChatView = new ChatView(context, wish, (now) => this.#moved(chat, now));
    this.#chat = chat;
    this.#view = view;
    view.element.dir = directionOf(lang);
    view.element.lang = spoken(lang);
    this.attributeChangedCallback();
    view.update(BEGINNING, { type: "trouble", trouble: null }, []);
    root.append(view.element);
    this.#start(floating, open);
  }

  #start(floating: boolean, open: boolean): void {
    const chat = this.#chat;
    const { signal } = this.#life;
    window.addEventListener("online", () => void chat?.refresh(), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void chat?.refresh(), { signal });
    if (floating) {
      if (open || this.hasAttribute("open") || this.#tab.getItem(OPEN)) this.#view?.panel.open(false);
      return;
    }
    // A conversation begins when somebody can see it, and not with every visit of a robot.
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      if (this.#chat && this.#view) void begin(this.#chat, this.#view);
    });
    seen.observe(this);
    signal.addEventListener("abort", () => seen.disconnect());
  }

  #moved(chat: Chat, open: boolean): void {
    if (open) {
      this.#tab.setItem(OPEN, "1");
      if (this.#chat && this.#view) void begin(this.#chat, this.#view);
      this.#tell("open", {});
    } else this.#tab.removeItem(OPEN);
    if (open && chat.id) void chat.refresh();
  }

  #tell(name: "open" | "message" | "ended", detail: object): void {
    this.dispatchEvent(new CustomEvent(`aiguy:${name}`, { bubbles: true, composed: true, detail }));
  }
}

if (!customElements.get("aiguy-chat")) customElements.define("aiguy-chat", AiguyChat);
