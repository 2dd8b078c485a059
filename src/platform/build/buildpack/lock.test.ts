import assert from "node:assert/strict";
import { test } from "node:test";
import { type Lock, parseLock } from "./lock.ts";
import { purlOf, renderSbom } from "./sbom.ts";

const platform = { os: "linux", cpu: "x64" };
const lockOf = (packages: Record<string, unknown>): Lock => {
  const lock = parseLock("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }), platform);
  assert.ok(typeof lock !== "string", String(lock));
  return lock;
};

test("only what is installed in production on this platform counts", () => {
  const lock = lockOf({
    "": { name: "app" },
    "node_modules/a": { version: "1.0.0", license: "MIT" },
    "node_modules/a/node_modules/@s/b": { version: "2.0.0" },
    "node_modules/alias": { name: "real", version: "3.0.0" },
    "node_modules/dev": { version: "1.0.0", dev: true },
    "node_modules/mac": { version: "1.0.0", optional: true, os: ["darwin"] },
    "node_modules/not-linux": { version: "1.0.0", os: ["!linux"] },
    "node_modules/arm": { version: "1.0.0", cpu: ["arm64"] },
    "node_modules/here": { version: "1.0.0", os: ["linux", "darwin"], cpu: ["!arm64"] },
  });
  assert.deepEqual(
    lock.packages.map(({ name, version }) => `${name}@${version}`),
    ["a@1.0.0", "@s/b@2.0.0", "real@3.0.0", "here@1.0.0"],
  );
  assert.equal(lock.hasLocalPackages, false);
});

for (const [what, packages] of [
  ["a link", { "node_modules/l": { link: true, resolved: "packages/l" } }],
  ["a workspace", { "packages/l": { version: "1.0.0" } }],
  ["an archive", { "node_modules/t": { version: "1.0.0", resolved: "file:t.tgz" } }],
] as const)
  test(`${what} makes the lock depend on the tree`, () => assert.equal(lockOf(packages).hasLocalPackages, true));

for (const [text, message] of [
  ["{", /not a JSON object/],
  ["[]", /not a JSON object/],
  ['{"lockfileVersion":1,"dependencies":{}}', /lockfileVersion 1, which is too old/],
] as const)
  test(`${text} is refused`, () => assert.match(String(parseLock("package-lock.json", text)), message));

test("the bill of materials has each package once, with licence and hash", () => {
  const integrity = `sha512-${Buffer.from("hash").toString("base64")}`;
  const lock = lockOf({
    "node_modules/@s/b": { version: "2.0.0-rc+1", license: "(MIT OR Apache-2.0)" },
    "node_modules/a": { version: "1.0.0", license: "MIT", integrity },
    "node_modules/c/node_modules/a": { version: "1.0.0", license: "MIT", integrity },
  });
  const sbom = renderSbom({ packageJson: { name: "app", version: "9" }, lock, npmrc: "", files: [] }, "24.0.0");
  assert.deepEqual(sbom.metadata.component, {
    type: "application",
    "bom-ref": "application",
    name: "app",
    version: "9",
  });
  assert.deepEqual(sbom.components.slice(1), [
    {
      type: "library",
      "bom-ref": "pkg:npm/%40s/b@2.0.0-rc%2B1",
      group: "@s",
      name: "b",
      version: "2.0.0-rc+1",
      licenses: [{ expression: "(MIT OR Apache-2.0)" }],
      purl: "pkg:npm/%40s/b@2.0.0-rc%2B1",
    },
    {
      type: "library",
      "bom-ref": "pkg:npm/a@1.0.0",
      name: "a",
      version: "1.0.0",
      hashes: [{ alg: "SHA-512", content: Buffer.from("hash").toString("hex") }],
      licenses: [{ license: { id: "MIT" } }],
      purl: "pkg:npm/a@1.0.0",
    },
  ]);
  assert.equal(sbom.components[0]?.name, "node");
  assert.equal(purlOf({ name: "@s/b", version: "1.0.0" }), "pkg:npm/%40s/b@1.0.0");
});
