import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { PolicyRule } from "#api/builtin/types.gen.ts";
import { type Attributes, describeRule, permits, uncovered } from "./rules.ts";

const rule = (groups: string, resources: string, verbs: string, names?: string): PolicyRule => ({
  apiGroups: groups.split(","),
  resources: resources.split(","),
  verbs: verbs.split(","),
  ...(names && { resourceNames: names.split(",") }),
});
const urls = (paths: string, verbs: string): PolicyRule => ({
  nonResourceURLs: paths.split(","),
  verbs: verbs.split(","),
});
const on = (verb: string, resource: string, group = "", name?: string): Attributes => ({ verb, resource, group, name });
const at = (verb: string, path: string): Attributes => ({ verb, path });

const PERMITS: [string, PolicyRule, Attributes, boolean][] = [
  ["same", rule("", "pods", "get"), on("get", "pods"), true],
  ["other verb", rule("", "pods", "get"), on("list", "pods"), false],
  ["any verb", rule("", "pods", "*"), on("list", "pods"), true],
  ["other group", rule("apps", "pods", "get"), on("get", "pods"), false],
  ["any group", rule("*", "deployments", "get"), on("get", "deployments", "apps"), true],
  ["resource is not its subresource", rule("", "pods", "get"), on("get", "pods/log"), false],
  ["subresource", rule("", "pods/log", "get"), on("get", "pods/log"), true],
  ["subresource of any resource", rule("*", "*/scale", "get"), on("get", "deployments/scale", "apps"), true],
  ["another subresource of any resource", rule("*", "*/scale", "get"), on("get", "deployments/status", "apps"), false],
  ["everything", rule("*", "*", "*"), on("get", "pods/log"), true],
  ["its name", rule("", "pods", "get", "a,b"), on("get", "pods", "", "b"), true],
  ["another name", rule("", "pods", "get", "a"), on("get", "pods", "", "b"), false],
  ["no name", rule("", "pods", "list", "a"), on("list", "pods"), false],
  ["path", urls("/metrics", "get"), at("get", "/metrics"), true],
  ["below a path", urls("/metrics", "get"), at("get", "/metrics/cadvisor"), false],
  ["path with a star", urls("/metrics/*", "get"), at("get", "/metrics/cadvisor"), true],
  ["any path", urls("*", "get"), at("get", "/x"), true],
  ["resource rule on a path", rule("*", "*", "*"), at("get", "/x"), false],
  ["path rule on a resource", urls("*", "*"), on("get", "pods"), false],
];

for (const [title, given, wanted, expected] of PERMITS)
  test(`permits: ${title}`, () => equal(permits(given, wanted), expected));

const COVERS: [string, PolicyRule[], PolicyRule[], string[]][] = [
  ["itself", [rule("", "pods", "get,list")], [rule("", "pods", "get,list")], []],
  ["put together", [rule("", "pods", "get"), rule("", "pods", "list")], [rule("", "pods", "get,list")], []],
  [
    "what is missing, in few rules",
    [rule("", "pods", "get")],
    [rule("", "pods,secrets", "get,list")],
    [
      '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    ],
  ],
  ["everything", [rule("*", "*", "*")], [rule("apps", "deployments/scale", "get,escalate")], []],
  [
    "a star is more than all verbs",
    [rule("", "pods", "get,list")],
    [rule("", "pods", "*")],
    ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
  ],
  [
    "one name is not all names",
    [rule("", "pods", "get", "a")],
    [rule("", "pods", "get")],
    ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
  ],
  [
    "another name",
    [rule("", "pods", "get", "a")],
    [rule("", "pods", "get", "a,b")],
    ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
  ],
  ["all names include one", [rule("", "pods", "get")], [rule("", "pods", "get", "a")], []],
  ["paths", [urls("/a/*", "get")], [urls("/a/b,/c", "get")], ['{NonResourceURLs:["/c"], Verbs:["get"]}']],
];

for (const [title, held, wanted, missing] of COVERS)
  test(`covers: ${title}`, () => deepEqual(uncovered(held, wanted).map(describeRule), missing));
