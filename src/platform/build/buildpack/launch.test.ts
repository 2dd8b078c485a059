import assert from "node:assert/strict";
import { test } from "node:test";
import { planLaunch } from "./launch.ts";
import type { LockedPackage } from "./lock.ts";

const paths = { node: "/n/node", app: "/workspace" };
const packages: LockedPackage[] = [
  { path: "node_modules/next", name: "next", version: "1.0.0", bin: { next: "./dist/bin/next.js", odd: "run.sh" } },
  { path: "node_modules/a/node_modules/inner", name: "inner", version: "1.0.0", bin: { inner: "x.js" } },
];
const shell = (script: string) => ["/bin/sh", "-c", script];

for (const [scripts, files, command] of [
  [{ start: "node server.js" }, [], ["/n/node", "server.js"]],
  [
    { start: "node --enable-source-maps dist/main.js --port=1 -v" },
    [],
    ["/n/node", "--enable-source-maps", "dist/main.js", "--port=1", "-v"],
  ],
  [{ start: "  node   a.js " }, [], ["/n/node", "a.js"]],
  [{ start: "next start" }, [], ["/n/node", "/workspace/node_modules/next/dist/bin/next.js", "start"]],
  [{ start: "odd start" }, [], shell("odd start")],
  [{ start: "inner" }, [], shell("inner")],
  [{ start: "npm run serve", serve: "node s.js" }, [], ["/n/node", "s.js"]],

  [{ start: "NODE_ENV=x node a.js" }, [], shell("NODE_ENV=x node a.js")],
  [{ start: "node a.js && node b.js" }, [], shell("node a.js && node b.js")],
  [{ start: "node $FILE" }, [], shell("node $FILE")],
  [{ start: "node 'a b.js'" }, [], shell("node 'a b.js'")],
  [{ prestart: "node pre.js", start: "node a.js" }, [], shell("node pre.js && node a.js")],
  [{}, ["index.js", "server.js"], ["/n/node", "server.js"]],
  [{}, ["index.js"], ["/n/node", "index.js"]],
] as [Record<string, string>, string[], string[]][])
  test(`${JSON.stringify(scripts)} ${files} starts ${command.join(" ")}`, () => {
    const lock = { file: "package-lock.json", text: "", packages, hasLocalPackages: false };
    const plan = planLaunch({ packageJson: { scripts }, lock, npmrc: "", files }, paths);
    assert.deepEqual(plan, { kind: "processes", processes: [{ type: "web", command, default: true }] });
  });

test("without a start script and an entry file the reason says what was looked for", () => {
  const plan = planLaunch({ packageJson: {}, npmrc: "", files: ["package.json"] }, paths);
  assert.equal(plan.kind, "refused");
  assert.match(plan.kind === "refused" ? plan.reason : "", /no "start" script .* server\.js/);
});
