import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { sha256 } from "#kit/names.ts";
import { RegistryClient } from "./client.ts";
import { ImageError } from "./image.ts";
import { OCI_MANIFEST } from "./media-types.ts";
import { parseChallenge } from "./session.ts";

const CONTENT = '{"schemaVersion":2}';
const BASIC = `Basic ${Buffer.from("me:password").toString("base64")}`;
const requests: string[] = [];

/** A registry that wants a token, which it gives for one pair of credentials. */
const server = createServer((request, response) => {
  requests.push(`${request.url} ${request.headers.authorization ?? "-"}`);
  if (request.url?.startsWith("/token")) {
    const isKnown = request.headers.authorization === BASIC;
    return void response.writeHead(isKnown ? 200 : 403).end(JSON.stringify(isKnown ? { access_token: "granted" } : {}));
  }
  if (request.headers.authorization !== "Bearer granted") {
    const realm = `http://${request.headers.host}/token?given=1`;
    return void response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${realm}",service="test"` }).end();
  }
  response.writeHead(200, { "Content-Type": `${OCI_MANIFEST}; charset=utf-8` }).end(CONTENT);
});
let host = "";
before(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

test("a token is fetched once for a repository, with the credentials of the host", async () => {
  const client = new RegistryClient({ credentials: async () => BASIC });
  const expected = { content: Buffer.from(CONTENT), mediaType: OCI_MANIFEST, digest: sha256(CONTENT) };
  for (let round = 0; round < 2; round++)
    assert.deepEqual(await client.manifest({ host, repository: "team/app", tag: "v1" }), expected);
  assert.deepEqual(requests.splice(0), [
    `/v2/team/app/manifests/v1 ${BASIC}`,
    `/token?given=1&service=test&scope=repository%3Ateam%2Fapp%3Apull ${BASIC}`,
    "/v2/team/app/manifests/v1 Bearer granted",
    "/v2/team/app/manifests/v1 Bearer granted",
  ]);
});

test("a refused token and a manifest of another digest are errors that name the image", async () => {
  const anonymous = new RegistryClient();
  await assert.rejects(anonymous.manifest({ host, repository: "app", tag: "v1" }), (error: Error) => {
    assert.ok(error instanceof ImageError);
    assert.match(error.message, /cannot pull 127\.0\.0\.1:\d+\/app:v1: .* refused a token with status 403/);
    return true;
  });
  const client = new RegistryClient({ credentials: async () => BASIC });
  const digest = sha256("other");
  await assert.rejects(client.manifest({ host, repository: "app", digest }), /sent a manifest with digest/);
});

for (const [header, fields] of [
  ['Bearer realm="https://r/t",service="s",scope="a:b:c,d"', { realm: "https://r/t", service: "s", scope: "a:b:c,d" }],
  ['Basic realm="x"', undefined],
  ["", undefined],
] as const)
  test(`challenge ${header || "(none)"}`, () => assert.deepEqual(parseChallenge(header), fields));
