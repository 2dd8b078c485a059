import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReference, renderReference } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

for (const [text, expected] of [
  ["nginx", "docker.io/library/nginx:latest"],
  ["team/app:1.0", "docker.io/team/app:1.0"],
  ["localhost/app", "localhost/app:latest"],
  ["127.0.0.1:7400/team/app:v1", "127.0.0.1:7400/team/app:v1"],
  [`registry.example.com/a/b/c@${digest}`, `registry.example.com/a/b/c@${digest}`],
  [`registry:5000/app:tag@${digest}`, `registry:5000/app@${digest}`],
  ["[::1]:5000/app", "[::1]:5000/app:latest"],
  ["a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest"],
  ["", undefined],
  ["App", undefined],
  ["a//b", undefined],
  ["host:5000/../app", undefined],
  ["app:", undefined],
  ["app:bad tag", undefined],
  ["app@sha256:123", undefined],
  [`app@${digest}@${digest}`, undefined],
  ["http://host/app", undefined],
] as const)
  test(`${text || "(empty)"} is ${expected ?? "malformed"}`, () => {
    const reference = parseReference(text);
    assert.equal(reference && renderReference(reference), expected);
  });
