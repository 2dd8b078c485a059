/** Paths through the symbolic links of an image: they never leave it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { resolveInside } from "./targets.ts";

let directory: string;
let layers: string[];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "targets-"));
  layers = [join(directory, "lower"), join(directory, "upper")];
  const [lower = "", upper = ""] = layers;
  await mkdir(join(lower, "var"), { recursive: true });
  await mkdir(join(upper, "now-a-directory"), { recursive: true });
  await symlink("/run", join(lower, "var/run"));
  await symlink("../../../../etc", join(lower, "var/out"));
  await symlink("self", join(lower, "self"));
  await symlink("/elsewhere", join(lower, "now-a-directory"));
});
after(() => rm(directory, { recursive: true }));

for (const [path, resolved] of [
  ["/var/run/secrets/token", "/run/secrets/token"],
  ["/var/out/passwd", "/etc/passwd"],
  ["/now-a-directory/x", "/now-a-directory/x"],
  ["/no/such/place", "/no/such/place"],
  ["/a/./b/../c", "/a/c"],
  ["/self/x", "/self/x"],
] as const)
  it(`${path} is ${resolved}`, async () => assert.equal(await resolveInside(path, layers), resolved));
