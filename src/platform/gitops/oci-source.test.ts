/** Which image a source names, what it may hold, and how often and with what credentials another registry is asked. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Application } from "#api/argoproj.io/application.ts";
import type { Context } from "#engine/controller/controller.ts";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { publishBundle, writeBundle } from "#ports/oci/bundle.ts";
import { Registry } from "#ports/oci/registry/registry.ts";
import type { Source } from "./loading.ts";
import { OciSource } from "./oci-source.ts";

const REMOTE = "registry.example";
let directory: string;
let registry: Registry;
let index: NameIndex;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-oci-"));
  index = await NameIndex.open(join(directory, "names.log"));
  registry = new Registry(await BlobStore.open(join(directory, "blobs")), index);
});

after(async () => {
  await index.close();
  await rm(directory, { recursive: true, force: true });
});

/** A registry elsewhere that has one bundle under every tag; `asked` are the requests for manifests, with credentials. */
async function elsewhere(files: Record<string, string>) {
  const { manifest, digest } = await writeBundle(registry.blobs, { files, images: [], labels: {} });
  const asked: string[] = [];
  const answer = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    asked.push(`${url} ${new Headers(init?.headers).get("authorization") ?? "nobody"}`);
    return new Response(manifest, { headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } });
  };
  return { asked, digest, fetch: answer as typeof fetch };
}

type Given = { source?: Partial<Source>; at?: number; refresh?: boolean; annotations?: object; objects?: object[] };

function loader(fetching?: typeof fetch) {
  const images = { registry, localHosts: [], ...(fetching && { fetch: fetching }) };
  const source = new OciSource({ images, onImagePush: () => () => undefined, controlNamespace: "argocd" });
  return ({ source: given = {}, at = 0, refresh = false, annotations = {}, objects = [] }: Given) => {
    const named = objects as { kind: string; metadata: { name: string; namespace: string } }[];
    const context = {
      now: () => new Date(at),
      signal: new AbortController().signal,
      list: async (_resource: object, { namespace }: { namespace: string }) =>
        named.filter(({ kind, metadata }) => kind === "Secret" && metadata.namespace === namespace),
      get: async ({ kind }: { kind: string }, name: string, namespace: string) =>
        named.find(
          (object) => object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
        ),
    } as unknown as Context;
    const app = { metadata: { name: "app", namespace: "dev", annotations } } as unknown as Application;
    const full = { repoURL: `oci://${REMOTE}/team/web`, targetRevision: "v1", path: "config", ...given };
    return source.load(app, context, { source: full, refresh });
  };
}

const MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("a tag elsewhere is asked for every two minutes, and when a refresh is wanted; a digest is not asked for again", async () => {
  const { asked, digest, fetch } = await elsewhere({ "a.yml": MAP });
  const load = loader(fetch);
  const first = await load({});
  assert.deepEqual([first.revision, first.objects.length, first.recheckAfter], [digest, 1, 120_000]);
  assert.equal((await load({ at: 119_000 })).objects, first.objects, "what is known is not parsed again");
  assert.equal(asked.length, 1);
  await load({ at: 120_000 });
  await load({ at: 121_000, refresh: true });
  assert.equal(asked.length, 3);
  const pinned = await load({ source: { targetRevision: digest } });
  assert.deepEqual([pinned.revision, pinned.recheckAfter], [digest, undefined]);
});

test("a push wakes who follows the tag, also while another revision is looked at", async () => {
  const { digest, fetch } = await elsewhere({ "a.yml": MAP });
  let push: (pushed: { repository: string }) => void = () => undefined;
  const onImagePush = (listener: typeof push) => {
    push = listener;
    return () => undefined;
  };
  const bundle = await writeBundle(registry.blobs, { files: { "a.yml": MAP }, images: [], labels: {} });
  await publishBundle({ host: "local.example", repository: "team/web", tag: "v1" }, bundle, registry);
  const images = { registry, localHosts: ["local.example"], fetch };
  const source = new OciSource({ images, onImagePush, controlNamespace: "argocd" });
  const woken: string[] = [];
  source.wakeOnPush((key) => woken.push(key));
  const given = { repoURL: "oci://local.example/team/web", targetRevision: "v1", path: "config" };
  const load = (name: string, revision?: string, targetRevision = "v1") =>
    source.load(
      { metadata: { name, namespace: "dev" } } as unknown as Application,
      { list: async () => [], signal: new AbortController().signal, now: () => new Date() } as unknown as Context,
      { source: { ...given, targetRevision }, revision, refresh: false },
    );
  await load("follows");
  await load("follows", digest);
  await load("pinned", undefined, digest);
  await load("gone");
  source.forget("dev/gone");
  push({ repository: "team/other" });
  push({ repository: "team/web" });
  assert.deepEqual(woken, ["dev/follows"]);
});

test("credentials are those of the repository Secret, else of the service account that the application names", async () => {
  const { asked, fetch } = await elsewhere({ "a.yml": MAP });
  const data = { url: base64(`oci://${REMOTE}/team/web`), username: base64("argo"), password: base64("cd") };
  const repository = { kind: "Secret", metadata: { name: "repo", namespace: "argocd" }, data };
  const config = JSON.stringify({ auths: { [REMOTE]: { username: "dev", password: "x" } } });
  const pull = {
    kind: "Secret",
    metadata: { name: "pull", namespace: "dev" },
    data: { ".dockerconfigjson": base64(config) },
  };
  const account = {
    kind: "ServiceAccount",
    metadata: { name: "robot", namespace: "dev" },
    imagePullSecrets: [{ name: "pull" }],
  };
  const annotations = { "slipway.dev/service-account": "robot" };
  await loader(fetch)({ objects: [pull, account] });
  await loader(fetch)({ objects: [pull, account], annotations });
  await loader(fetch)({ objects: [pull, account, repository], annotations });
  assert.deepEqual(
    asked.map((request) => request.split(" ").slice(1).join(" ")),
    ["nobody", `Basic ${base64("dev:x")}`, `Basic ${base64("argo:cd")}`],
  );
});

const REFUSED: [source: Partial<Source>, files: Record<string, string>, message: RegExp][] = [
  [{ repoURL: "oci://registry.example" }, {}, /is no image: give oci:\/\/HOST\/REPOSITORY/],
  [{ repoURL: "oci://registry.example/team/web:v1" }, {}, /is no image/],
  [{ repoURL: "oci://nohost/team" }, {}, /is no image/],
  [{ repoURL: "oci://registry.example/UPPER" }, {}, /is no image/],
  [{ targetRevision: "not a tag" }, {}, /is no image/],
  [{ path: "other" }, { "a.yml": MAP }, /other: app path does not exist in oci:/],
  [{ path: "../up" }, {}, /is not allowed/],
  [{}, { "a.yml": "a: 1\n" }, /lacks apiVersion or kind/],
];
for (const [source, files, message] of REFUSED)
  test(`refused: ${JSON.stringify(source)} of ${JSON.stringify(files)}`, async () => {
    const { fetch } = await elsewhere(files);
    await assert.rejects(loader(fetch)({ source }), { message });
  });

test("the root of a bundle is read without its lock when that is excluded", async () => {
  const { fetch } = await elsewhere({ "a.yml": MAP, "deep/b.yml": MAP.replace("name: a", "name: b") });
  const source = { path: ".", directory: { recurse: true, exclude: ".imgpkg/**" } };
  assert.equal((await loader(fetch)({ source })).objects.length, 2);
});
