import assert from "node:assert/strict";
import { test } from "node:test";
import { type ParamSources, resolveParams } from "./params.ts";

const none: ParamSources = { template: undefined, blueprint: undefined, step: undefined, owner: undefined };
const p = (value: string) => [{ name: "p", value }];
const d = (value: string) => [{ name: "p", default: value }];

const ROWS: { name: string; sources: Partial<ParamSources>; expect: string | undefined }[] = [
  { name: "template default", sources: { template: d("template") }, expect: "template" },
  {
    name: "blueprint default over template",
    sources: { template: d("template"), blueprint: d("blueprint") },
    expect: "blueprint",
  },
  { name: "step over blueprint", sources: { blueprint: d("blueprint"), step: d("step") }, expect: "step" },
  {
    name: "owner over defaults",
    sources: { template: d("template"), step: d("step"), owner: p("owner") },
    expect: "owner",
  },
  { name: "a blueprint value locks", sources: { blueprint: p("blueprint"), owner: p("owner") }, expect: "blueprint" },
  {
    name: "a step default unlocks a blueprint value",
    sources: { blueprint: p("blueprint"), step: d("step"), owner: p("owner") },
    expect: "owner",
  },
  { name: "a step value locks", sources: { step: p("step"), owner: p("owner") }, expect: "step" },
  { name: "undeclared owner params pass", sources: { owner: p("owner") }, expect: "owner" },
  { name: "nothing gives nothing", sources: {}, expect: undefined },
];

for (const { name, sources, expect } of ROWS)
  test(`params: ${name}`, () => assert.equal(resolveParams({ ...none, ...sources }).p, expect));
