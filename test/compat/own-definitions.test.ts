// The definitions of our own kinds are legal on a real cluster, and so are upstream's, which ours stand in for.
import { deepEqual } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { CustomResourceDefinitionObject } from "#api/builtin/definition.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import { definitionProblems } from "#engine/apiserver/resources/legal/definition.ts";
import { DECLARED_KINDS } from "#profiles/resources.ts";

function problems(definition: CustomResourceDefinitionObject): string[] {
  const { names, versions } = definition.spec;
  names.singular ||= names.kind.toLowerCase();
  names.listKind ||= `${names.kind}List`;
  const storedVersions = versions.filter(({ storage }) => storage).map(({ name }) => name);
  return definitionProblems(
    { ...definition, status: { conditions: null, acceptedNames: names, storedVersions } },
    undefined,
  ).map(({ field, message }) => `${field}: ${message}`);
}

for (const kind of DECLARED_KINDS.filter(({ builtin }) => !builtin))
  test(`ours: ${kind.plural}.${kind.group}`, () =>
    deepEqual(
      problems(structuredClone(toCustomResourceDefinition(kind)) as unknown as CustomResourceDefinitionObject),
      [],
    ));

const folder = new URL("crds/", import.meta.url);
for (const file of readdirSync(folder))
  test(`upstream's: ${file}`, () => {
    const { name, spec } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as {
      name: string;
      spec: CustomResourceDefinitionObject["spec"];
    };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name },
      spec,
    };
    deepEqual(problems(definition), []);
  });

for (const kind of DECLARED_KINDS.filter(({ builtin }) => !builtin))
  test(`no server warns of ours: ${kind.plural}.${kind.group}`, () => {
    const text = JSON.stringify(toCustomResourceDefinition(kind));
    const formats = [...text.matchAll(/"format":"([^"]+)"/g)].map(([, format]) => format);
    deepEqual(new Set(formats).difference(new Set(["date-time", "int32", "int64", "date", "byte"])), new Set());
    deepEqual(text.match(/x-kubernetes-patch-[a-z-]+/g), null);
  });
