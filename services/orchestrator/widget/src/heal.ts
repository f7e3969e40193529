// Half-finished Markdown, made whole for the moment: what streams in must not flicker between marks and meaning.

const FENCE = /^ {0,3}(```+|~~~+)/;

/** The text with marks that are still open closed, and half a link shown as its words. */
export function healed(text: string): string {
  const lines = text.split("\n");
  let fence = "";
  let start = 0;
  lines.forEach((line, index) => {
    const mark = FENCE.exec(line)?.[1];
    if (fence ? mark?.startsWith(fence) && line.trim() === mark : mark) fence = fence ? "" : (mark ?? "");
    if (!fence && (line.trim() === "" || mark)) start = index + 1;
  });
  if (fence) return `${text}\n${fence}`;
  const block = lines.slice(start).join("\n");
  return [...lines.slice(0, start), inline(block)].join("\n");
}

/** One paragraph, or the last items of a list. */
function inline(block: string): string {
  const whole = block
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*$/, "$1") // [words](half an addr
    .replace(/!?\[([^\]\n]*)$/, "$1"); // [half of the wor
  const marks = openMarks(whole);
  // A mark that has just begun has nothing to mark yet.
  const bare = marks.reduceRight((rest, mark) => (rest.endsWith(mark) ? rest.slice(0, -mark.length) : rest), whole);
  const left = openMarks(bare);
  const space = /\s*$/.exec(bare)?.[0] ?? "";
  return left.length ? bare.slice(0, bare.length - space.length) + left.reverse().join("") + space : bare;
}

/** The marks of emphasis and code that are open at the end, the outermost first. */
function openMarks(text: string): string[] {
  const open: string[] = [];
  let code = false;
  for (const { 0: mark, index } of text.matchAll(/\\.|`+|\*\*|__|\*|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|~~/gu)) {
    if (mark.startsWith("\\")) continue;
    if (mark.startsWith("`")) {
      if (open.at(-1) === mark) open.pop();
      else if (!code) open.push(mark);
      code = (open.at(-1) ?? "").startsWith("`");
    } else if (!code && !isBullet(text, index, mark)) {
      const at = open.lastIndexOf(mark);
      if (at >= 0) open.splice(at);
      else if (!/^\s/.test(text.slice(index + mark.length))) open.push(mark);
    }
  }
  return open;
}

function isBullet(text: string, index: number, mark: string): boolean {
  return mark === "*" && /(^|\n)[ \t]*$/.test(text.slice(0, index)) && /^( |$)/.test(text.slice(index + 1));
}
