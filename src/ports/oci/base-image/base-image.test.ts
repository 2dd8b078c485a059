import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { extract } from "tar-stream";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { LayerCache } from "../layer-cache.ts";
import { createBaseImage } from "./base-image.ts";
import { parseStatus } from "./dpkg.ts";
import { libraryEntries } from "./entries.ts";
import { createNodeLayer } from "./node-layer.ts";

const root = await mkdtemp(join(tmpdir(), "base-"));
after(() => rm(root, { recursive: true }));
const blobs = await BlobStore.open(join(root, "store"));
const index = await NameIndex.open(join(root, "names.log"));
after(() => index.close());
const cache = new LayerCache(blobs, index);

async function contents(digest: string): Promise<Map<string, { mode: number; text: string; link: string }>> {
  const found = new Map<string, { mode: number; text: string; link: string }>();
  const entries = extract();
  Readable.from([zstdDecompressSync((await blobs.read(digest)) ?? Buffer.alloc(0))]).pipe(entries);
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, mode, linkname } = entry.header;
    found.set(name, { mode, text: Buffer.concat(chunks).toString(), link: linkname ?? "" });
  }
  return found;
}

/** A tiny Debian machine whose /lib leads to /usr/lib. */
async function makeMachine(): Promise<string> {
  const machine = await mkdtemp(join(root, "machine-"));
  const packages = {
    "base-files": ["/usr/lib/os-release", "/etc/debian_version", "/usr/share/doc/base-files/README"],
    "libc6:amd64": ["/lib", "/lib/libc.so.6", "/usr/lib/gconv/UTF-16.so", "/etc/passwd"],
    "libgcc-s1:amd64": ["/lib/libgcc_s.so.1"],
    "libstdc++6:amd64": ["/usr/lib/libstdc++.so.6"],
    dash: ["/bin/dash"],
    "ca-certificates": ["/usr/share/ca-certificates/mozilla/A.crt"],
  };
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(machine, path)), { recursive: true });
    await writeFile(join(machine, path), text);
  };
  await mkdir(join(machine, "usr/lib"), { recursive: true });
  await mkdir(join(machine, "usr/bin"));
  await symlink("usr/lib", join(machine, "lib"));
  await symlink("usr/bin", join(machine, "bin"));
  await write("etc/os-release", 'ID=debian\nVERSION_ID="12"\n');
  const paragraphs: string[] = [];
  for (const [name, files] of Object.entries(packages)) {
    for (const file of files) if (file !== "/lib") await write(file, `content of ${file}`);
    await write(`var/lib/dpkg/info/${name}.list`, `/.\n${files.join("\n")}\n`);
    paragraphs.push(
      `Package: ${name.split(":")[0]}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\nDescription: d\n`,
    );
  }
  await write("var/lib/dpkg/status", paragraphs.join("\n"));
  return machine;
}

test("the base of a Debian machine holds its packages, without documentation and without its accounts", async () => {
  const image = await createBaseImage({ cache, root: await makeMachine() });
  const files = await contents(image.layers[0]?.descriptor.digest ?? "");
  assert.equal(files.get("usr/lib/libc.so.6")?.text, "content of /lib/libc.so.6");
  assert.deepEqual([files.get("lib")?.link, files.get("usr/bin/sh")?.link], ["usr/lib", "dash"]);
  assert.equal((files.get("tmp")?.mode ?? 0) & 0o7777, 0o1777);
  assert.match(files.get("etc/passwd")?.text ?? "", /^cnb:x:1001:1001:/m);
  assert.equal(
    files.get("etc/ssl/certs/ca-certificates.crt")?.text,
    "content of /usr/share/ca-certificates/mozilla/A.crt\n",
  );
  assert.equal(files.get("var/lib/dpkg/status.d/dash")?.text.includes("Status:"), false);
  for (const path of ["usr/share/doc/base-files/README", "usr/lib/gconv/UTF-16.so"])
    assert.equal(files.has(path), false);
  const names = [...files.keys()];
  assert.ok(
    names.indexOf("usr") < names.indexOf("usr/lib") && names.indexOf("usr/lib") < names.indexOf("usr/lib/libc.so.6"),
  );
  const labels = image.config.config?.Labels ?? {};
  assert.deepEqual(
    [labels["io.buildpacks.base.distro.name"], labels["io.buildpacks.base.distro.version"]],
    ["debian", "12"],
  );
  assert.match(labels["io.buildpacks.base.metadata"] ?? "", /\{"name":"libc6","version":"1.0","arch":"amd64"\}/);
});

test("two machines with the same packages have the same base", async () => {
  const [one, two] = [await createBaseImage({ cache, root: await makeMachine() }), await makeMachine()];
  const names = await NameIndex.open(join(root, "fresh.log"));
  after(() => names.close());
  const fresh = new LayerCache(blobs, names);
  assert.deepEqual(await createBaseImage({ cache: fresh, root: two }), one);
});

test("without dpkg the base has the libraries that this program has loaded, and says so", async () => {
  const image = await createBaseImage({ cache, root: join(root, "nothing-here") });
  assert.equal(image.config.config?.Labels?.["slipway.dev/base"], "host-libraries");
  const paths = (await libraryEntries()).map(({ path }) => path);
  assert.ok(
    paths.some((path) => /libc\.so/.test(path)),
    paths.join(" "),
  );
  assert.ok(
    paths.some((path) => /^usr\/lib.*ld-/.test(path)),
    "the loader is there",
  );
});

test("this machine's own base can be made", {
  skip: !existsSync("/var/lib/dpkg/status") && "no dpkg here",
}, async () => {
  const files = await contents((await createBaseImage({ cache })).layers[0]?.descriptor.digest ?? "");
  assert.ok([...files.keys()].some((path) => /^usr\/lib\/.*\/libc\.so\.6$/.test(path)));
});

test("a Node.js layer is made once per version and again when its content is lost", async () => {
  const path = join(root, "node");
  await writeFile(path, "binary", { mode: 0o755 });
  const make = () => createNodeLayer(cache, { binary: { path, version: "1.2.3" }, target: "layers/x/bin/node" });
  const layer = await make();
  const files = await contents(layer.descriptor.digest);
  assert.deepEqual([...files.keys()], ["layers", "layers/x", "layers/x/bin", "layers/x/bin/node"]);
  assert.equal((files.get("layers/x/bin/node")?.mode ?? 0) & 0o777, 0o755);
  await writeFile(path, "BINARY");
  assert.deepEqual(await make(), layer, "remembered by version and size");
  await blobs.delete(layer.descriptor.digest);
  assert.notDeepEqual(await make(), layer);
});

test("packages that are not installed are not there", () => {
  const status =
    "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 2\n";
  assert.deepEqual(
    parseStatus(status).map(({ name, version }) => [name, version]),
    [["b", "2"]],
  );
});
