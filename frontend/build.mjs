// Bundles what the pages load: `node build.mjs`.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => readFileSync(here(path), "utf8");

/** What is bundled, from where its source can be had, and under which terms. */
function notice() {
  const { dependencies } = JSON.parse(read("package.json"));
  const parts = Object.entries(dependencies).map(([name, version]) => {
    const { license } = JSON.parse(read(`node_modules/${name}/package.json`));
    // The MPL asks for where the source is; the others, for their text.
    const text = license === "MPL-2.0" ? "https://mozilla.org/MPL/2.0/" : read(`node_modules/${name}/LICENSE`);
    return `${name} ${version}, unmodified, under ${license}; its source:\nhttps://www.npmjs.com/package/${name}/v/${version}\n${text.trim()}`;
  });
  return `/*!\nStaydown, under Apache-2.0. Built from frontend/. It holds:\n\n${parts.join("\n\n")}\n*/`;
}

const shared = {
  absWorkingDir: here("."),
  outdir: here("../src/staydown_server/web/static/staydown/built"),
  bundle: true,
  minify: true,
  charset: "utf8",
  target: ["es2022"],
  legalComments: "none",
};

await build({
  ...shared,
  format: "esm",
  entryPoints: { hasher: "hasher/hasher.ts", report: "pages/report.ts", passkey: "pages/passkey.ts", desk: "pages/desk.ts" },
});
// It runs before the page is shown, so it is no module.
await build({ ...shared, format: "iife", entryPoints: { page: "pages/page.ts" } });
await build({
  ...shared,
  format: "iife",
  entryPoints: { "hasher-worker": "hasher/worker.ts" },
  banner: { js: notice() },
});
