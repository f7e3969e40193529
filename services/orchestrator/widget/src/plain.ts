// Markdown as plain words: what is quoted from a source is read, and not laid out. A quote may be cut off anywhere.

import { Lexer, type Token, type Tokens } from "marked";
import { healed } from "./heal.ts";

const ROW = /^[ \t]*\|.*$|^.*\|[ \t]*$/gm;
const SIGNS = new Map([["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", '"'], ["#39", "'"], ["nbsp", "\u00a0"]]);

/** The words of a Markdown text, its blocks on lines of their own. Not safe as HTML: it is text. */
export function plain(markdown: string): string {
  return lines(Lexer.lex(healed(markdown.replace(ROW, cells)))).trim();
}

/** A row by itself is no table to Markdown; the line under a table's head holds no words. */
function cells(row: string): string {
  if (/^[\s|:-]*$/.test(row)) return "";
  return listed(row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

const listed = (words: string[]): string => words.filter((one) => one).join(", ");

const lines = (blocks: Token[]): string => blocks.map(words).filter((one) => one.trim()).join("\n");

function words(token: Token): string {
  switch (token.type) {
    case "space":
    case "hr":
    case "def":
    case "checkbox":
      return "";
    case "br":
      return "\n";
    case "text":
      return token.tokens ? token.tokens.map(words).join("") : written(token.text);
    case "blockquote":
      return lines(token.tokens ?? []);
    case "list":
      return items(token as Tokens.List);
    case "table":
      return [token.header, ...token.rows].map((row: Tokens.TableCell[]) => listed(row.map((cell) => cell.tokens.map(words).join("")))).join("\n");
    default:
      return "tokens" in token && token.tokens ? token.tokens.map(words).join("") : "text" in token ? token.text : token.raw;
  }
}

function items({ ordered, start, items: all }: Tokens.List): string {
  return all.map(({ tokens }, index) => `${ordered ? `${Number(start) + index}.` : "•"} ${lines(tokens)}`).join("\n");
}

/** Text between marks: signs that are written out, and marks whose other end was cut off. */
function written(text: string): string {
  return text.replace(/(?<=\S)\*\*|\*\*(?=\S)/g, "").replace(/&([a-z]+|#39);/g, (whole, name: string) => SIGNS.get(name) ?? whole);
}
