// Builds the one file that pages load: `node build.mjs [where to]`. The same sources give the same bytes everywhere.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** Style sheets become text, minified: they are adopted by the shadow root, which a strict CSP allows. */
const styles = {
  name: "styles",
  setup(bundler) {
    bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target: "es2022" });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** What marked makes of itself when it is loaded holds on to its extension points: without it they are left out. */
const bare = {
  name: "bare",
  setup(bundler) {
    bundler.onLoad({ filter: /marked\.esm\.js$/ }, async ({ path }) => {
      const whole = await readFile(path, "utf8");
      const [, parts, made] = /^(.*)(var \w+=new \w+;function \w+\(\w,\w\)\{return \w+\.parse\(.*)export\{/s.exec(whole) ?? [];
      const named = ["Lexer", "Parser", "Renderer"].map((name) => whole.match(new RegExp(`\\w+ as ${name}\\b`))?.[0]);
      if (!made || named.includes(undefined)) throw new Error("marked is not made as it was: see what of it can be left out");
      return { contents: `${parts}export{${named}};`, loader: "js" };
    });
  },
};

await build({
  absWorkingDir: here,
  entryPoints: ["src/element.ts"],
  outfile: process.argv[2] ?? join(here, "../src/orchestrator/api/widget/aiguy-chat.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "/*! aiguy-chat, Apache-2.0. Holds marked (MIT), DOMPurify (Apache-2.0 or MPL-2.0), eventsource-parser (MIT). */" },
  plugins: [styles, bare],
});
