// A Markdown text that grows: only the blocks that changed are made anew, so that a selection or a focus stays.

import { blocksOf, rendered } from "../markdown.ts";
import { h } from "./dom.ts";

export class GrowingText {
  readonly element = h("div", { class: "text", dir: "auto" });
  #blocks: { raw: string; nodes: ChildNode[] }[] = [];

  update(text: string, live: boolean): void {
    const raws = blocksOf(text, live);
    raws.forEach((raw, index) => {
      const known = this.#blocks[index];
      if (known?.raw === raw) return;
      const fragment = rendered(raw);
      const nodes = [...fragment.childNodes];
      const next = this.#blocks.slice(index + 1).flatMap((block) => block.nodes)[0] ?? null;
      for (const node of known?.nodes ?? []) node.remove();
      this.element.insertBefore(fragment, next);
      this.#blocks[index] = { raw, nodes };
    });
    for (const { nodes } of this.#blocks.splice(raws.length)) for (const node of nodes) node.remove();
    this.element.hidden = !text;
  }
}
