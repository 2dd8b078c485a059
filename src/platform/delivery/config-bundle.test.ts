/** From files to a bundle in a real registry, the platform's own and one behind credentials; the real imgpkg reads it. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type PassResult, runPass } from "#engine/controller/testkit.ts";
import { parseYaml } from "#kit/yaml.ts";
import { pinBundle, readBundle } from "#ports/oci/bundle-reader.ts";
import { parseReference } from "#ports/oci/reference.ts";
import type { Registry } from "#ports/oci/registry/registry.ts";
import { startTestRegistry, type TestRegistry } from "#ports/oci/registry/testkit.ts";
import { configBundleController } from "./config-bundle.ts";

const withoutImgpkg = spawnSync("imgpkg", ["version"]).error ? "there is no imgpkg on the PATH to pull with" : false;

let directory: string;
let registry: Registry;
let served: TestRegistry;
let host: string;
const announced: string[] = [];

before(async () => {
  served = await startTestRegistry();
  ({ directory, registry, host } = served);
});

after(() => served[Symbol.asyncDispose]());

const APP = `registry.example/app@sha256:${"a".repeat(64)}`;

function bundle(spec: object = {}, status?: object) {
  return {
    apiVersion: "slipway.dev/v1alpha1",
    kind: "ConfigBundle",
    metadata: { name: "web", namespace: "dev" },
    spec: {
      image: `${host}/workloads/web-dev-bundle:one`,
      files: { "delivery.yml": '{"kind": "Service"}' },
      images: [APP, "registry.example/floating:1"],
      provenance: { "Slipway-Source-Revision": "main/1" },
      ...spec,
    },
    ...(status && { status }),
  };
}

function reconcile(object: object, options: { local?: boolean; world?: object[] } = {}): Promise<PassResult> {
  const localHosts = options.local === false ? [] : [host];
  const announce = ({ repository }: { repository: string }) => void announced.push(repository);
  const controller = configBundleController({ registry, localHosts, announce });
  return runPass(controller, { world: [object, ...(options.world ?? [])], key: "dev/web" });
}

async function filesOf(image: string): Promise<Record<string, string>> {
  const source = { registry, localHosts: [host] };
  const access = { credentials: async () => undefined, signal: AbortSignal.timeout(10_000) };
  const reference = parseReference(image);
  assert.ok(reference);
  const files = await readBundle(await pinBundle(reference, source, access), () => true, source, access);
  return Object.fromEntries([...files].map(([path, content]) => [path, Buffer.from(content).toString()]));
}

test("files become a bundle with a lock of the images that have a digest", async () => {
  const { status } = await reconcile(bundle());
  assert.equal(status.image, `${host}/workloads/web-dev-bundle:one@${status.digest}`);
  assert.deepEqual(announced, ["workloads/web-dev-bundle"]);
  const files = await filesOf(String(status.image));
  assert.deepEqual(Object.keys(files), [".imgpkg/images.yml", "config/delivery.yml"]);
  assert.equal(files["config/delivery.yml"], "kind: Service\n");
  const [lock] = parseYaml(files[".imgpkg/images.yml"] ?? "") as { images: { image: string }[] }[];
  assert.deepEqual(
    lock?.images.map(({ image }) => image),
    [APP],
  );
});

test("the same files are the same bundle, and are pushed once", async () => {
  const { status } = await reconcile(bundle());
  announced.length = 0;
  const again = await reconcile(bundle({}, status));
  assert.deepEqual([announced, again.outcome.kind], [[], "settled"]);
  const forgotten = await reconcile(bundle());
  assert.equal(forgotten.status.digest, status.digest, "a lost status does not give another bundle");
  await registry.deleteTag("workloads/web-dev-bundle", "one");
  await reconcile(bundle({}, status));
  assert.equal(registry.manifest("workloads/web-dev-bundle", "one")?.digest, status.digest, "a lost tag comes back");
  const changed = await reconcile(bundle({ files: { "delivery.yml": "a: 1\n" } }, status));
  assert.notEqual(changed.status.digest, status.digest);
  assert.equal((changed.status.history as unknown[]).length, 2);
});

test("another registry is opened by the secrets of the service account", async () => {
  const image = `${host}/elsewhere/web:one`;
  const auths = { [host]: { username: "user", password: "secret" } };
  const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "registry", namespace: "dev" }, data };
  const metadata = { name: "default", namespace: "dev" };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata, secrets: [{ name: "registry" }] };
  const known = await reconcile(bundle({ image }), { local: false, world: [secret, account] });

  assert.equal(registry.manifest("elsewhere/web", "one")?.digest, known.status.digest);
  const local = await reconcile(bundle());
  assert.equal(local.status.digest, known.status.digest, "wherever it is pushed to, it is the same bundle");
  const bare = await reconcile(bundle({ image }), { local: false, world: [{ ...account, secrets: [] }] });
  assert.deepEqual([bare.outcome.kind, (bare.outcome as { reason: string }).reason], ["broken", "PushFailed"]);
});

test("bad input is said", async () => {
  for (const [spec, reason] of [
    [{ image: "UPPER" }, "InvalidImage"],
    [{ image: APP }, "InvalidImage"],
    [{ files: { "../up": "" } }, "InvalidFiles"],
    [{ files: { "/etc/passwd": "" } }, "InvalidFiles"],
  ] as const)
    assert.equal(((await reconcile(bundle(spec))).outcome as { reason: string }).reason, reason);
});

async function imgpkg(...args: string[]): Promise<string> {
  const env = { ...process.env, HOME: directory };
  const run = promisify(execFile)("imgpkg", [...args, "--registry-insecure"], { env, timeout: 60_000 });
  return (await run).stdout;
}

test("a bundle that imgpkg pushed is read", { skip: withoutImgpkg }, async () => {
  const folder = join(directory, "pushed");
  await mkdir(join(folder, ".imgpkg"), { recursive: true });
  await mkdir(join(folder, "config"));
  await writeFile(join(folder, ".imgpkg", "images.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n");
  await writeFile(join(folder, "config", "a.yml"), "a: 1\n");
  const credentials = ["--registry-username", "user", "--registry-password", "secret"];
  await imgpkg("push", "-b", `${host}/pushed/web:v1`, "-f", folder, ...credentials);
  assert.equal((await filesOf(`${host}/pushed/web:v1`))["config/a.yml"], "a: 1\n");
});

test("imgpkg describes and pulls the bundle", { skip: withoutImgpkg }, async () => {
  const app = await reconcile(bundle({ image: `${host}/workloads/app:one`, images: [] }));
  const image = `${host}/workloads/app@${app.status.digest}`;
  const { status } = await reconcile(bundle({ images: [image] }));
  const folder = join(directory, "pulled");
  await imgpkg("pull", "-b", String(status.image), "-o", folder);
  assert.equal(await readFile(join(folder, "config", "delivery.yml"), "utf8"), "kind: Service\n");
  assert.match(await readFile(join(folder, ".imgpkg", "images.yml"), "utf8"), /kind: ImagesLock/);
  const described = await imgpkg("describe", "-b", `${host}/workloads/web-dev-bundle:one`, "-o", "yaml");
  assert.ok(described.includes(String(status.digest)) && described.includes(String(app.status.digest)), described);
});
