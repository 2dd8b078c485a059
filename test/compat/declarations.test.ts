/** Holds our declarations against the upstream definitions: names, scope, columns, and that ours accept all that theirs accept. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Column, Resource } from "#api/define.ts";
import type { StructuralSchema } from "#kit/schema/structural.ts";
import { DECLARED_KINDS } from "#profiles/resources.ts";

type UpstreamVersion = {
  name: string;
  schema: { openAPIV3Schema: StructuralSchema };
  additionalPrinterColumns?: Column[];
};
type Upstream = {
  spec: {
    scope: string;
    names: { plural: string; singular?: string; shortNames?: string[]; categories?: string[] };
    versions: UpstreamVersion[];
  };
};

/** Where ours is stricter than upstream's schema on purpose, with the reason. */
const EXCEPTIONS: { readonly [problem: string]: string } = {
  ".spec: ours requires it":
    "an object without a spec asks for nothing; upstream's controllers fail on it, ours says so at once",
};

/** Kinds of ours that no upstream has. */
const OWN_GROUP = "slipway.dev";

function upstreamOf(resource: Resource): Upstream | undefined {
  const file = new URL(`./crds/${resource.plural}.${resource.group}.json`, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Upstream) : undefined;
}

/** Everything that upstream accepts and ours would refuse or drop. */
function refused(ours: StructuralSchema, theirs: StructuralSchema, path: string): string[] {
  if (ours["x-kubernetes-preserve-unknown-fields"] && !ours.properties && !ours.items) return [];
  const problems = [...stricter(ours, theirs, path), ...droppedFields(ours, theirs, path)];
  if (theirs.items && ours.items) problems.push(...refused(ours.items, theirs.items, `${path}[]`));
  if (typeof theirs.additionalProperties === "object" && typeof ours.additionalProperties === "object")
    problems.push(...refused(ours.additionalProperties, theirs.additionalProperties, `${path}{}`));
  return problems;
}

function stricter(ours: StructuralSchema, theirs: StructuralSchema, path: string): string[] {
  const problems: string[] = [];
  if (ours.type && theirs.type && ours.type !== theirs.type && !(ours.type === "number" && theirs.type === "integer"))
    problems.push(`${path}: ours is ${ours.type}, theirs ${theirs.type}`);
  if (ours.enum && !theirs.enum) problems.push(`${path}: ours allows only ${ours.enum.join(", ")}`);
  for (const value of theirs.enum ?? [])
    if (ours.enum && !ours.enum.includes(value)) problems.push(`${path}: ours refuses ${value}`);
  for (const name of ours.required ?? [])
    if (!theirs.required?.includes(name)) problems.push(`${path}.${name}: ours requires it`);
  return problems;
}

function droppedFields(ours: StructuralSchema, theirs: StructuralSchema, path: string): string[] {
  const others = ours.additionalProperties;
  const open = ours["x-kubernetes-preserve-unknown-fields"] === true || others === true;
  return Object.entries(theirs.properties ?? {}).flatMap(([name, field]) => {
    const mine = ours.properties?.[name] ?? (typeof others === "object" ? others : undefined);
    if (mine) return refused(mine, field, `${path}.${name}`);
    return open ? [] : [`${path}.${name}: ours drops it`];
  });
}

const normalised = (path: string): string => path.replaceAll("'", '"').replace(/^\./, "");

for (const resource of DECLARED_KINDS) {
  const upstream = upstreamOf(resource);
  if (resource.group === OWN_GROUP) continue;
  test(`${resource.kind}.${resource.group} is what upstream defines`, () => {
    assert.ok(upstream, `no facts for ${resource.plural}.${resource.group}`);
    const { names, scope, versions } = upstream.spec;
    const version = versions.find(({ name }) => name === resource.version);
    assert.ok(version, `upstream has no version ${resource.version}`);
    assert.equal(resource.scope, scope);
    assert.equal(resource.plural, names.plural);
    assert.deepEqual([...resource.shortNames].sort(), [...(names.shortNames ?? [])].sort());
    assert.deepEqual([...resource.categories].sort(), [...(names.categories ?? [])].sort());
    const columns = new Map(resource.columns.map((column) => [column.name, normalised(column.jsonPath)]));
    for (const { name, jsonPath } of version.additionalPrinterColumns ?? [])
      assert.equal(columns.get(name), normalised(jsonPath), `column ${name}`);
    const problems = refused(resource.schema, version.schema.openAPIV3Schema, "").filter(
      (problem) => !(problem in EXCEPTIONS),
    );
    assert.deepEqual(problems, []);
  });
}
