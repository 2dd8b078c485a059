/** Data values that come from outside of the files. */
import type { Budget } from "../budget.ts";
import { toBytes } from "../bytes.ts";
import { Fault, named } from "../errors.ts";
import { annotatePlainMerge } from "../overlay/plain-merge.ts";
import { type Annotation, DocumentNode, MapItem, MapNode, type Plain } from "../tree/nodes.ts";
import { OrderedMap } from "../tree/ordered-map.ts";
import { positionAt, UNKNOWN } from "../tree/position.ts";
import { readYaml } from "../tree/read.ts";
import { Addressed } from "./addressed.ts";

const SOURCE = "(data-value-yaml arg)";

/** One value for each top-level key: it replaces what the key had. Throws Fault for what JSON cannot hold. */
export function givenValues(values: Readonly<Record<string, unknown>>): Addressed {
  const items = Object.entries(values).map(([key, value]) => givenItem(key, value));
  const document = new DocumentNode(new MapNode(items), positionAt(SOURCE, 1));
  return new Addressed(document, [], { kind: "Data Value" });
}

function givenItem(key: string, value: unknown): MapItem {
  const item = new MapItem(toBytes(key), plainOf(value), {
    ...positionAt(SOURCE, 1),
    get text() {
      return toBytes(`${key}=${JSON.stringify(value) ?? "null"}`);
    },
  });
  item.annotations = new Map([
    ["overlay/match", option("missing_ok")],
    ["overlay/replace", option("or_add")],
  ]);
  return item;
}

function option(name: string): Annotation {
  return { position: UNKNOWN, args: [], keywords: [[name, true]] };
}

/** Largest numbers that are integers of 64 bits. */
const INTEGERS = 2 ** 63;
const DEEPEST = 150;

/** A JavaScript value as Go writes it as JSON: keys are sorted, whole numbers are integers. Throws Fault for what JSON cannot hold. */
function plainOf(value: unknown, depth = 0): Plain {
  if (depth > DEEPEST) throw new Fault("a data value is nested too deeply (does it contain itself?)");
  switch (typeof value) {
    case "string":
      return toBytes(value);
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isInteger(value) && Math.abs(value) < INTEGERS && !Object.is(value, -0) ? BigInt(value) : value;
    case "undefined":
      return null;
    case "object":
      break;
    default:
      throw new Fault(`a data value cannot be a ${typeof value}: give it as JSON has it`);
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item) => plainOf(item, depth + 1));
  const map = new OrderedMap<Plain>();
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) map.set(toBytes(key), plainOf(item, depth + 1));
  }
  return map;
}

/** Documents of plain YAML: maps merge, everything else replaces. Throws Fault. */
export function givenYaml(path: string, text: string, options: { budget: Budget; strict: boolean }): Addressed[] {
  const documents = named(`Unmarshaling YAML data values file '${path}'`, () =>
    readYaml(toBytes(text), { file: path, ...options }),
  );
  return documents.items
    .filter(({ value }) => value !== null)
    .map((document) => {
      named(`Checking data values file '${path}'`, () => annotatePlainMerge(document));
      return new Addressed(document, [], { kind: "Data Value" });
    });
}
