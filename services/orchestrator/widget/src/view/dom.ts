// Nodes, made without HTML: what is text stays text.

type Props = Record<string, string | boolean | ((event: Event) => void) | undefined>;
export type Child = Node | string | null | undefined | false;

/** An element; `on…` properties listen, `true` is an empty attribute, what is undefined or false is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") made.addEventListener(name.slice(2).toLowerCase(), value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child): child is Node | string => typeof child === "string" || child instanceof Node));
  return made;
}

/** A button that submits nothing. */
export function button(props: Props, ...children: Child[]): HTMLButtonElement {
  return h("button", { type: "button", ...props }, ...children);
}

/** Words for those who do not see the page. */
export function unseen(text: string): HTMLElement {
  return h("span", { class: "unseen" }, text);
}

const PATHS = {
  chat: "M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H10l-4.6 4.1c-.5.45-1.4.1-1.4-.6z",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
  stop: "M7 7h10v10H7z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6",
  fresh: "M12 20h8.5M15.6 4.6a2 2 0 0 1 2.9 0l.9.9a2 2 0 0 1 0 2.9L9 18.8 4.5 20l1.2-4.9z",
  up: "M7 10.5v9.5H4.5a1 1 0 0 1-1-1v-7.5a1 1 0 0 1 1-1zM7 10.5L11 3c1.4 0 2.3 1.1 2 2.5L12.3 9h6.2a2 2 0 0 1 2 2.4l-1.4 7A2 2 0 0 1 17.1 20H7",
  down: "M17 13.5V4h2.5a1 1 0 0 1 1 1v7.5a1 1 0 0 1-1 1zM17 13.5L13 21c-1.4 0-2.3-1.1-2-2.5l.7-3.5H5.5a2 2 0 0 1-2-2.4l1.4-7A2 2 0 0 1 6.9 4H17",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  slack: "M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 8v5M12 16.5v.01M12 3.5l9 16H3z",
} as const;

export type IconName = keyof typeof PATHS;

/** A picture that says nothing to a screen reader. */
export function icon(name: IconName): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  picture.append(path);
  return picture;
}

/** Shows `nodes` in `place`; what is there already stays, with its focus. */
export function fill(place: Element, nodes: Node[]): void {
  const wanted = new Set<Node>(nodes);
  for (const node of [...place.childNodes]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, index) => {
    if (place.childNodes[index] !== node) place.insertBefore(node, place.childNodes[index] ?? null);
  });
}

/** `make`, whose last node stays, with its focus, for as long as what it is made of says the same. */
export function kept<A extends unknown[]>(make: (...from: A) => HTMLElement): (...from: A) => HTMLElement {
  let [shown, node]: [string, HTMLElement | null] = ["", null];
  return (...from) => {
    const now = JSON.stringify(from);
    if (!node || now !== shown) [shown, node] = [now, make(...from)];
    return node;
  };
}

/** The element that has the focus, inside of shadow roots too. */
export function focused(root: Node): Element | null {
  const from = root.getRootNode();
  return from instanceof Document || from instanceof ShadowRoot ? from.activeElement : null;
}
