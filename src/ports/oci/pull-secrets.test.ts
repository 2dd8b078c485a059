import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Keyring, type PullSecret } from "./pull-secrets.ts";
import { parseReference } from "./reference.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

function secret(
  auths: Record<string, string>,
  form: ".dockerconfigjson" | ".dockercfg" = ".dockerconfigjson",
): PullSecret {
  const entries = Object.fromEntries(
    Object.entries(auths).map(([key, login]) => [key, { auth: Buffer.from(login).toString("base64") }]),
  );
  const text = JSON.stringify(form === ".dockercfg" ? entries : { auths: entries });
  const data = { [form]: Buffer.from(text).toString("base64") };
  return { metadata: { name: "s", namespace: "ns" }, data };
}

describe("Keyring", () => {
  const rows: [string, Record<string, string>, string, string[]][] = [
    ["the host", { "registry.io": "a:1" }, "registry.io/team/app", ["a:1"]],
    ["another host", { "registry.io": "a:1" }, "other.io/team/app", []],
    ["the port", { "registry.io:5000": "a:1" }, "registry.io:5000/app", ["a:1"]],
    ["another port", { "registry.io:5000": "a:1" }, "registry.io:6000/app", []],
    ["a path", { "registry.io/team": "a:1" }, "registry.io/team/app", ["a:1"]],
    ["no part of a name", { "registry.io/te": "a:1" }, "registry.io/team/app", []],
    [
      "the most specific first",
      { "registry.io": "a:1", "registry.io/team": "b:2" },
      "registry.io/team/app",
      ["b:2", "a:1"],
    ],
    ["a pattern", { "*.registry.io": "a:1" }, "eu.registry.io/app", ["a:1"]],
    ["one part for each star", { "*.registry.io": "a:1" }, "a.eu.registry.io/app", []],
    ["part of a part", { "eu-*.registry.io": "a:1" }, "eu-west.registry.io/app", ["a:1"]],
    ["no regular expression", { "a+b.io": "a:1" }, "aab.io/app", []],
    ["Docker Hub by its old name", { "https://index.docker.io/v1/": "a:1" }, "nginx", ["a:1"]],
    ["Docker Hub for a user's image", { "docker.io": "a:1" }, "me/app:1", ["a:1"]],
  ];
  const find = (keyring: Keyring, image: string): string[] => {
    const reference = parseReference(image);
    assert.ok(reference);
    return keyring.headersFor(reference.host, reference.repository);
  };
  for (const [title, auths, image, expected] of rows)
    it(title, () => assert.deepEqual(find(Keyring.of([secret(auths)]), image), expected.map(basic)));

  const broken: PullSecret = { metadata: { name: "b", namespace: "ns" }, data: { ".dockercfg": "e30x" } };

  it("reads the older form too, and leaves out what is none", () => {
    const ring = Keyring.ofReadable([broken, secret({ "registry.io": "a:1" }, ".dockercfg")]);
    assert.deepEqual(find(ring, "registry.io/app"), [basic("a:1")]);
  });

  it("names the Secret that does not parse", () =>
    assert.throws(() => Keyring.of([broken]), { message: 'secret "ns/b" is not a Docker configuration' }));

  it("reads a name with its password, and leaves out what holds neither", () => {
    const auths = { "r.io": { username: "u", password: "p" }, "s.io": {}, "t.io": { auth: 1 } };
    const data = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
    const ring = Keyring.of([{ metadata: {}, data }]);
    const images = ["r.io/app", "s.io/app", "t.io/app"];
    assert.deepEqual(
      images.map((image) => find(ring, image)),
      [[basic("u:p")], [], []],
    );
  });
});
