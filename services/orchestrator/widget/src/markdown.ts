// Markdown of an answer to nodes of the page. Others' words may be in it: no HTML, no pictures, and links that a person
// would click are the only thing that can be reached from it.

import DOMPurify from "dompurify";
import { Lexer, Parser, Renderer, type MarkedOptions, type Tokens } from "marked";
import { healed } from "./heal.ts";

const TAGS = [
  "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "table", "tbody",
  "td", "th", "thead", "tr", "ul",
];
const SCHEMES = new Set(["https:", "http:", "mailto:"]);

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

class Written extends Renderer {
  override html = ({ text }: { text: string }): string => escaped(text);
  override image = ({ text }: { text: string }): string => escaped(text);
  override checkbox = ({ checked }: { checked: boolean }): string => (checked ? "☑ " : "☐ ");
  override heading({ tokens, depth }: Tokens.Heading): string {
    const level = depth <= 2 ? 3 : 4;
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
  }
}

// Lexer and parser as they are: marked's own instance brings all that could be plugged into it, which nobody does here.
const options = (): MarkedOptions => ({ gfm: true, breaks: true, renderer: new Written() });

/** An address that may be linked, absolute; null for any other. */
export function safeUrl(url: string): string | null {
  try {
    const parsed = new URL(url.trim());
    return SCHEMES.has(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** A link that opens in a tab of its own and gives nothing away; the bare words where the address is none. */
export function link(url: string, words: string): HTMLElement {
  const href = safeUrl(url);
  const made = document.createElement(href ? "a" : "span");
  made.textContent = words;
  if (href) outward(made as HTMLAnchorElement, href);
  return made;
}

function outward(anchor: HTMLAnchorElement, href: string): void {
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
}

/** The blocks of a text (paragraphs, lists, tables), each Markdown by itself. `live`: its end may be half a mark. */
export function blocksOf(text: string, live = false): string[] {
  return Lexer.lex(live ? healed(text) : text, options()).filter(({ type }) => type !== "space").map(({ raw }) => raw);
}

/** Nodes of a Markdown text. */
export function rendered(text: string): DocumentFragment {
  const told = options();
  const html = Parser.parse(Lexer.lex(text, told), told);
  const fragment = DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "start"], ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, RETURN_DOM_FRAGMENT: true,
  });
  for (const anchor of fragment.querySelectorAll("a")) {
    const href = safeUrl(anchor.getAttribute("href") ?? "");
    if (href) outward(anchor, href);
    else anchor.replaceWith(...anchor.childNodes);
  }
  for (const table of fragment.querySelectorAll("table")) scrolling(table);
  return fragment;
}

/** A wide table scrolls by itself, and not the whole conversation. */
function scrolling(table: HTMLTableElement): void {
  const box = document.createElement("div");
  box.className = "table";
  box.tabIndex = 0;
  table.replaceWith(box);
  box.append(table);
}
