/** `npm run gen`: writes every generated file; `--check` only says which are stale. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { renderSchemas, renderTypes } from "./builtin.ts";
import { renderCommands } from "./commands.ts";
import { renderConventions } from "./conventions.ts";
import { renderForms } from "./forms.ts";
import { renderProtobuf } from "./protobuf.ts";
import { renderDefinitions, renderReference } from "./reference.ts";

const OUTPUTS: { readonly [path: string]: () => string } = {
  "src/api/builtin/types.gen.ts": renderTypes,
  "src/api/builtin/schemas.gen.json": renderSchemas,
  "src/api/builtin/forms.gen.json": renderForms,
  "src/api/builtin/protobuf.gen.json": renderProtobuf,
  "docs/reference/kinds.md": renderReference,
  "docs/reference/commands.md": renderCommands,
  "docs/reference/conventions.md": renderConventions,
  "docs/reference/crds.yaml": renderDefinitions,
};

const check = process.argv.includes("--check");
let stale = 0;
for (const [path, render] of Object.entries(OUTPUTS)) {
  const text = render();
  if (check && read(path) !== text) {
    stale++;
    console.error(`${path} is stale: run \`npm run gen\` and commit the result`);
  }
  if (check) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
process.exitCode = stale > 0 ? 1 : 0;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
