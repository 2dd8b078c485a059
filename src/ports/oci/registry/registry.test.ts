import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { BlobStore } from "#ports/blobs/blob-store.ts";
import { NameIndex } from "#ports/blobs/name-index.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../media-types.ts";
import { createRegistryHandler } from "./handler.ts";
import { Registry } from "./registry.ts";

const TOKEN = "Bearer secret";
const root = await mkdtemp(join(tmpdir(), "registry-"));
const blobs = await BlobStore.open(join(root, "store"));
const index = await NameIndex.open(join(root, "names.log"));
const registry = new Registry(blobs, index);
const handler = createRegistryHandler({
  registry,
  authorize: async (header, action) => action === "pull" || header === TOKEN,
  onError: (error) => console.error(error),
});
const server = createServer((request, response) => {
  void handler(request, response).then((done) => done || response.writeHead(404).end("not the registry"));
});
before(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
after(async () => {
  server.close();
  await index.close();
  await rm(root, { recursive: true });
});

type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer; json: () => Record<string, unknown> };
type Call = { body?: Buffer | string; headers?: Record<string, string>; token?: string };

/** Sends one request, with the push token unless told otherwise. */
async function call(method: string, path: string, { body, headers, token = TOKEN }: Call = {}): Promise<Answer> {
  const port = (server.address() as AddressInfo).port;
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = { port, method, path, headers: { ...(token && { Authorization: token }), ...length, ...headers } };
    const request = httpRequest(options, (response) => {
      buffer(response).then((content) => {
        const json = () => JSON.parse(content.toString()) as Record<string, unknown>;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: content, json });
      }, reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const digestOf = (content: Buffer | string, algorithm = "sha256") =>
  `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
const codeOf = (answer: Answer) => (answer.json().errors as { code: string }[])[0]?.code;

async function pushBlob(repository: string, content: Buffer | string): Promise<string> {
  const digest = digestOf(content);
  const answer = await call("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: content });
  assert.equal(answer.status, 201);
  return digest;
}

async function manifestOf(repository: string, extra: Record<string, unknown> = {}): Promise<string> {
  const content = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } });
  const layer = randomBytes(16);
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: await pushBlob(repository, content), size: content.length },
    layers: [{ mediaType: OCI_LAYER, digest: await pushBlob(repository, layer), size: layer.length }],
    ...extra,
  });
}

async function pushManifest(repository: string, reference: string, body: string): Promise<Answer> {
  return call("PUT", `/v2/${repository}/manifests/${reference}`, { body, headers: { "Content-Type": OCI_MANIFEST } });
}

test("requests for others are left alone", async () => {
  assert.equal((await call("GET", "/v3/x")).status, 404);
  assert.equal((await call("GET", "/v22")).body.toString(), "not the registry");
});

test("the ping asks for a token and accepts any", async () => {
  const anonymous = await call("GET", "/v2/", { token: "" });
  assert.equal(anonymous.status, 401);
  assert.match(
    anonymous.headers["www-authenticate"] ?? "",
    /^Bearer realm="http:\/\/.+\/v2\/token",service="slipway"$/,
  );
  assert.equal((await call("GET", "/v2/")).status, 200);
});

test("the token endpoint returns the caller's token, refuses a bad one, and knows anonymous", async () => {
  const basic = (password: string) => `Basic ${Buffer.from(`anyone:${password}`).toString("base64")}`;
  const scope = "scope=repository:a:pull,push";
  assert.equal((await call("GET", `/v2/token?${scope}`, { token: basic("secret") })).json().token, "secret");
  assert.equal((await call("GET", `/v2/token?${scope}`, { token: basic("wrong") })).status, 401);
  assert.equal((await call("GET", `/v2/token?${scope}`, { token: "" })).json().token, "anonymous");
  const anonymous = await call("POST", "/v2/a/blobs/uploads/", { token: "Bearer anonymous" });
  assert.equal(anonymous.status, 401);
  assert.match(
    anonymous.headers["www-authenticate"] ?? "",
    /scope="repository:a:pull,push",error="insufficient_scope"/,
  );
  assert.equal((await call("POST", "/v2/a/blobs/uploads/", { token: basic("secret") })).status, 202);
});

for (const [method, path] of [
  ["POST", "/v2/app/blobs/uploads/"],
  ["PATCH", "/v2/app/blobs/uploads/1"],
  ["PUT", "/v2/app/manifests/v1"],
  ["DELETE", "/v2/app/manifests/v1"],
  ["DELETE", `/v2/app/blobs/${digestOf("x")}`],
] as const)
  test(`${method} ${path.slice(0, 30)} needs a token`, async () => {
    const answer = await call(method, path, { token: "" });
    assert.deepEqual([answer.status, codeOf(answer)], [401, "UNAUTHORIZED"]);
  });

for (const [method, path, status, code] of [
  ["GET", "/v2/Upper/tags/list", 400, "NAME_INVALID"],
  ["GET", "/v2/a/../tags/list", 404, "NAME_UNKNOWN"],
  ["GET", "/v2/absent/tags/list", 404, "NAME_UNKNOWN"],
  ["GET", "/v2/absent/manifests/latest", 404, "MANIFEST_UNKNOWN"],
  ["GET", `/v2/absent/blobs/${digestOf("absent")}`, 404, "BLOB_UNKNOWN"],
  ["GET", "/v2/absent/blobs/sha256:short", 400, "DIGEST_INVALID"],
  ["GET", "/v2/absent/referrers/nonsense", 400, "DIGEST_INVALID"],
  ["PATCH", "/v2/app/blobs/uploads/unknown", 404, "BLOB_UPLOAD_UNKNOWN"],
  ["DELETE", "/v2/app/manifests/absent", 404, "MANIFEST_UNKNOWN"],
  ["PUT", "/v2/app/tags/list", 405, "UNSUPPORTED"],
] as const)
  test(`${method} ${path.slice(0, 40)} is ${code}`, async () => {
    const answer = await call(method, path);
    assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
  });

test("a blob goes up in one request and comes down whole, by range and by HEAD", async () => {
  const content = randomBytes(200_000);
  const path = `/v2/team/app/blobs/${await pushBlob("team/app", content)}`;
  const whole = await call("GET", path, { token: "" });
  assert.ok(whole.body.equals(content));
  const head = await call("HEAD", path);
  assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "200000", 0]);
  for (const [range, status, expected] of [
    ["bytes=0-9", 206, content.subarray(0, 10)],
    ["bytes=199990-", 206, content.subarray(-10)],
    ["bytes=-5", 206, content.subarray(-5)],
    ["bytes=100-999999", 206, content.subarray(100)],
    ["bytes=200000-", 416, Buffer.alloc(0)],
    ["bytes=1-2,4-5", 200, content],
  ] as const) {
    const part = await call("GET", path, { headers: { Range: range } });
    assert.equal(part.status, status, range);
    assert.ok(part.body.equals(expected), range);
  }
  assert.equal((await call("GET", path, { headers: { "If-None-Match": whole.headers.etag ?? "" } })).status, 304);
});

test("a blob goes up in chunks; a chunk out of order is 416 and says where to continue", async () => {
  const parts = [randomBytes(70_000), randomBytes(10), randomBytes(5)] as const;
  const digest = digestOf(Buffer.concat(parts));
  const start = await call("POST", "/v2/chunked/blobs/uploads/", { headers: { "Content-Length": "0" } });
  assert.equal(start.status, 202);
  const location = start.headers.location ?? "";
  const patch = (body: Buffer, range: string) =>
    call("PATCH", location, { body, headers: { "Content-Range": range, "Content-Type": "application/octet-stream" } });
  assert.equal((await patch(parts[1], "70000-70009")).status, 416);
  const first = await patch(parts[0], "0-69999");
  assert.deepEqual([first.status, first.headers.range], [202, "0-69999"]);
  const repeated = await patch(parts[0], "0-69999");
  assert.deepEqual([repeated.status, repeated.headers.range], [416, "0-69999"]);
  assert.equal((await patch(parts[1], "70000-70009")).status, 202);
  const progress = await call("GET", location);
  assert.deepEqual([progress.status, progress.headers.range], [204, "0-70009"]);
  const end = await call("PUT", `${location}?digest=${digest}`, {
    body: parts[2],
    headers: { "Content-Range": "70010-70014" },
  });
  assert.deepEqual([end.status, end.headers["docker-content-digest"]], [201, digest]);
  assert.ok((await call("GET", end.headers.location ?? "")).body.equals(Buffer.concat(parts)));
  assert.equal((await call("GET", location)).status, 404, "the upload is over");
});

test("a wrong digest is refused, an empty blob and sha512 are fine, an upload can be cancelled", async () => {
  const wrong = await call("POST", `/v2/odd/blobs/uploads/?digest=${digestOf("a")}`, { body: "b" });
  assert.deepEqual([wrong.status, codeOf(wrong)], [400, "DIGEST_INVALID"]);
  assert.equal((await call("HEAD", `/v2/odd/blobs/${digestOf("a")}`)).status, 404);
  const missing = await call("PUT", (await call("POST", "/v2/odd/blobs/uploads/")).headers.location ?? "", {
    body: "",
  });
  assert.equal(codeOf(missing), "DIGEST_INVALID");
  await pushBlob("odd", "");
  const sha512 = digestOf("long", "sha512");
  const start = await call("POST", "/v2/odd/blobs/uploads/?digest-algorithm=sha512");
  assert.equal((await call("PUT", `${start.headers.location}?digest=${sha512}`, { body: "long" })).status, 201);
  assert.equal((await call("GET", `/v2/odd/blobs/${sha512}`)).body.toString(), "long");
  const cancelled = (await call("POST", "/v2/odd/blobs/uploads/")).headers.location ?? "";
  assert.equal((await call("DELETE", cancelled)).status, 204);
  assert.equal((await call("PATCH", cancelled, { body: "x" })).status, 404);
});

test("blobs belong to repositories: mounting and deleting", async () => {
  const digest = await pushBlob("owner", randomBytes(9));
  const get = (repository: string) => call("HEAD", `/v2/${repository}/blobs/${digest}`);
  const mount = (query: string) => call("POST", `/v2/guest/blobs/uploads/?mount=${digest}${query}`);
  assert.equal((await get("guest")).status, 404);
  assert.equal((await mount("&from=stranger")).status, 202, "falls back to an upload");
  assert.equal((await mount("&from=owner")).status, 201);
  assert.equal((await get("guest")).status, 200);
  assert.equal((await call("DELETE", `/v2/guest/blobs/${digest}`)).status, 202);
  assert.equal((await get("guest")).status, 404);
  assert.equal((await mount("")).status, 201, "without a source any repository will do");
  assert.equal((await get("owner")).status, 200);
});

test("a manifest keeps its exact bytes and type, by tag and by digest", async () => {
  const body = `${await manifestOf("m")}\n `;
  const put = await pushManifest("m", "v1", body);
  assert.deepEqual([put.status, put.headers["docker-content-digest"]], [201, digestOf(body)]);
  for (const reference of ["v1", digestOf(body)]) {
    const got = await call("GET", `/v2/m/manifests/${reference}`, { token: "" });
    assert.equal(got.body.toString(), body);
    assert.equal(got.headers["content-type"], OCI_MANIFEST);
  }
  const head = await call("HEAD", "/v2/m/manifests/v1");
  assert.deepEqual([head.headers["content-length"], head.body.length], [String(body.length), 0]);
  assert.equal((await pushManifest("m", digestOf("else"), body)).status, 400);
  assert.equal((await pushManifest("m", ".bad", body)).status, 400);
});

test("malformed manifests and missing blobs are refused", async () => {
  const valid = JSON.parse(await manifestOf("bad")) as Record<string, unknown>;
  const absent = { mediaType: OCI_LAYER, digest: digestOf("absent"), size: 6 };
  for (const [body, code] of [
    ["not json", "MANIFEST_INVALID"],
    [JSON.stringify({ ...valid, schemaVersion: 1 }), "MANIFEST_INVALID"],
    [JSON.stringify({ ...valid, layers: undefined }), "MANIFEST_INVALID"],
    [JSON.stringify({ ...valid, mediaType: OCI_INDEX }), "MANIFEST_INVALID"],
    [JSON.stringify({ ...valid, layers: [absent] }), "MANIFEST_BLOB_UNKNOWN"],
  ] as const)
    assert.equal(codeOf(await pushManifest("bad", "v1", body)), code, body);
  assert.equal((await pushManifest("bad", "big", " ".repeat(9 * 1024 * 1024))).status, 413);
  const foreign = { ...absent, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls: ["x"] };
  assert.equal((await pushManifest("bad", "v1", JSON.stringify({ ...valid, layers: [foreign] }))).status, 201);
});

test("tags are sorted and paged", async () => {
  const body = await manifestOf("t");
  for (const tag of ["c", "a", "B", "b"]) await pushManifest("t", tag, body);
  const digest = digestOf(body);
  const more = await call("PUT", `/v2/t/manifests/${digest}?tag=x&tag=y`, { body });
  assert.equal(more.headers["oci-tag"], "x, y");
  assert.deepEqual((await call("GET", "/v2/t/tags/list")).json().tags, ["B", "a", "b", "c", "x", "y"]);
  const page = await call("GET", "/v2/t/tags/list?n=2&last=B");
  assert.deepEqual(page.json().tags, ["a", "b"]);
  assert.equal(page.headers.link, '</v2/t/tags/list?n=2&last=b>; rel="next"');
  assert.deepEqual((await call("GET", "/v2/t/tags/list?n=0")).json().tags, []);
  assert.equal((await call("GET", "/v2/t/tags/list?n=99&last=x")).headers.link, undefined);
});

test("deleting a tag keeps the manifest, deleting the manifest removes its tags", async () => {
  const body = await manifestOf("d");
  await pushManifest("d", "one", body);
  await pushManifest("d", "two", body);
  assert.equal((await call("DELETE", "/v2/d/manifests/one")).status, 202);
  assert.deepEqual((await call("GET", "/v2/d/tags/list")).json().tags, ["two"]);
  assert.equal((await call("DELETE", `/v2/d/manifests/${digestOf(body)}`)).status, 202);
  assert.equal((await call("GET", "/v2/d/manifests/two")).status, 404);
  assert.deepEqual((await call("GET", "/v2/d/tags/list")).json().tags, []);
});

test("referrers are listed, filtered, and forgotten with their manifest", async () => {
  const subject = { mediaType: OCI_MANIFEST, digest: digestOf("subject"), size: 7 };
  const list = async (query = "") => {
    const answer = await call("GET", `/v2/r/referrers/${subject.digest}${query}`);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [200, OCI_INDEX]);
    const manifests = answer.json().manifests as { digest: string; artifactType: string; annotations: object }[];
    return { manifests, filters: answer.headers["oci-filters-applied"] };
  };
  assert.deepEqual((await list()).manifests, []);
  const signature = await manifestOf("r", { subject, artifactType: "test/signature", annotations: { by: "me" } });
  const put = await pushManifest("r", digestOf(signature), signature);
  assert.equal(put.headers["oci-subject"], subject.digest);
  const plain = await manifestOf("r", { subject });
  await pushManifest("r", "plain", plain);
  assert.equal((await list()).manifests.length, 2);
  const filtered = await list("?artifactType=test/signature");
  assert.equal(filtered.filters, "artifactType");
  assert.deepEqual(
    filtered.manifests.map(({ digest, artifactType, annotations }) => [digest, artifactType, annotations]),
    [[digestOf(signature), "test/signature", { by: "me" }]],
  );
  assert.equal((await list(`?artifactType=${encodeURIComponent(OCI_CONFIG)}`)).manifests[0]?.digest, digestOf(plain));
  await call("DELETE", `/v2/r/manifests/${digestOf(signature)}`);
  assert.equal((await list()).manifests.length, 1);
});

test("referrers in the tag of older clients are found too", async () => {
  const subject = digestOf("old subject");
  const listed = { mediaType: OCI_MANIFEST, digest: digestOf("referrer"), size: 8, artifactType: "test/old" };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [listed] });
  const path = `/v2/f/manifests/${subject.replace(":", "-")}`;
  assert.equal((await call("PUT", path, { body, headers: { "Content-Type": OCI_INDEX } })).status, 201);
  assert.deepEqual((await call("GET", `/v2/f/referrers/${subject}`)).json().manifests, [listed]);
});

test("what was acknowledged is served by a registry that opens the files anew", async () => {
  const body = await manifestOf("durable");
  await pushManifest("durable", "v1", body);
  const reopened = await NameIndex.open(join(root, "names.log"));
  const second = new Registry(await BlobStore.open(join(root, "store")), reopened);
  const stored = second.manifest("durable", "v1");
  assert.equal((await second.blobs.read(stored?.digest ?? ""))?.toString(), body);
  for (const { digest } of (JSON.parse(body) as { layers: { digest: string }[] }).layers)
    assert.equal(second.hasBlob("durable", digest), true);
  await reopened.close();
});

test("a local image needs no HTTP and no copies", async () => {
  const layer = await blobs.put(Buffer.from("layer"));
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers" as const, diff_ids: [layer.digest] } };
  const descriptor = { mediaType: OCI_LAYER, ...layer };
  const image = await registry.putImage("local/app", ["v1"], {
    config,
    layers: [{ diffId: layer.digest, descriptor }],
  });
  const got = await call("GET", "/v2/local/app/manifests/v1");
  assert.equal(got.headers["docker-content-digest"], image.digest);
  assert.equal((await call("GET", `/v2/local/app/blobs/${layer.digest}`)).body.toString(), "layer");
  assert.ok(registry.liveDigests().has(layer.digest));
});
