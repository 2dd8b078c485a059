/** Webhooks behind addresses that are only reached in a special way: over TLS all the same, and with its checks. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import { issueCertificate, type KeyPair } from "../auth/x509.ts";
import { createWebhookClient, type Dial } from "./client.ts";

const base = { now: new Date(), days: 30, randomBytes };
const authority: KeyPair = issueCertificate({ ...base, subject: { commonName: "ca" }, usage: "authority" });
const pair = issueCertificate(
  { ...base, subject: { commonName: "hooks" }, usage: "server", hosts: ["hooks.default.svc"] },
  authority,
);
const caBundle = Buffer.from(authority.cert).toString("base64");
const options = { timeoutSeconds: 5, signal: undefined };
let server: Server;

before(async () => {
  server = createServer({ key: pair.key, cert: pair.cert }, (_, response) => response.end('{"kind":"Answer"}'));
  await once(server.listen(0, "127.0.0.1"), "listening");
});
after(() => server.close().closeAllConnections());

test("a webhook is called through the connection that is made for it", async () => {
  const asked: object[] = [];
  const dial: Dial = async (place) => {
    asked.push(place);
    return connect((server.address() as AddressInfo).port, "127.0.0.1");
  };
  const client = createWebhookClient(
    async () => ({ host: "10.88.0.3", port: 8443 }),
    () => dial,
  );
  const call = (name: string) => client.call({ service: { namespace: "default", name }, caBundle }, {}, options);
  assert.deepEqual(await call("hooks"), { kind: "Answer" });
  assert.deepEqual(asked, [{ host: "10.88.0.3", port: 8443 }]);
  await assert.rejects(call("others"), /x509/, "the certificate is another's");
  client.close();
});

test("a connection that cannot be made is said in the words of the dialer", async () => {
  const dial: Dial = async () => {
    throw new Error("dial tcp 10.88.0.3:8443: connect: connection refused");
  };
  const client = createWebhookClient(
    async () => ({ host: "10.88.0.3", port: 8443 }),
    () => dial,
  );
  const config = { service: { namespace: "default", name: "hooks" }, caBundle };
  await assert.rejects(client.call(config, {}, options), /dial tcp 10\.88\.0\.3:8443: connect: connection refused$/);
  client.close();
});
