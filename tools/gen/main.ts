/** `npm run gen`: writes every generated file; `--check` only says which are stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { renderSchemas, renderTypes } from "./builtin.ts";

const OUTPUTS: { readonly [path: string]: () => string } = {
  "src/api/builtin/types.gen.ts": renderTypes,
  "src/api/builtin/schemas.gen.json": renderSchemas,
};

const check = process.argv.includes("--check");
let stale = 0;
for (const [path, render] of Object.entries(OUTPUTS)) {
  const text = render();
  if (check && read(path) !== text) {
    stale++;
    console.error(`${path} is stale: run \`npm run gen\` and commit the result`);
  }
  if (!check) writeFileSync(path, text);
}
process.exitCode = stale > 0 ? 1 : 0;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
