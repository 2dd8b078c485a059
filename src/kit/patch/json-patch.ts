/** JSON patch (RFC 6902). */
import { clone, deepEqual, isObject } from "../json.ts";

/** A patch that is malformed (`kind: "syntax"`) or does not fit the document (`kind: "mismatch"`). */
export class JsonPatchError extends Error {
  override name = "JsonPatchError";
  readonly kind: "syntax" | "mismatch";

  constructor(kind: "syntax" | "mismatch", message: string) {
    super(message);
    this.kind = kind;
  }
}

type Operation = { op?: unknown; path?: unknown; from?: unknown; value?: unknown };
type Container = unknown[] | Record<string, unknown>;

/** A patched copy of `document`. Throws JsonPatchError; then nothing has happened. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new JsonPatchError("syntax", "a JSON patch is an array of operations");
  const root = { document: clone(document) as unknown };
  patch.forEach((operation: unknown, index) => {
    if (!isObject(operation)) throw new JsonPatchError("syntax", `operation ${index} is not an object`);
    perform(root, operation, index);
  });
  return root.document;
}

function perform(root: { document: unknown }, operation: Operation, index: number): void {
  const path = pointer(operation.path, "path", index);
  switch (operation.op) {
    case "add":
      add(root, path, clone(given(operation, index)));
      break;
    case "remove":
      take(root, path);
      break;
    case "replace":
      put(root, path, clone(given(operation, index)));
      break;
    case "move":
      add(root, path, take(root, pointer(operation.from, "from", index)));
      break;
    case "copy":
      add(root, path, clone(read(root, pointer(operation.from, "from", index))));
      break;
    case "test":
      if (deepEqual(peek(root, path) ?? null, given(operation, index))) break;
      throw new JsonPatchError("mismatch", `testing value ${String(operation.path)} failed`);
    default:
      throw new JsonPatchError("syntax", `operation ${index} has the unknown op "${String(operation.op)}"`);
  }
}

function given(operation: Operation, index: number): unknown {
  if (operation.value === undefined) throw new JsonPatchError("syntax", `operation ${index} has no value`);
  return operation.value;
}

/** The steps of a JSON pointer, below the root's `document`. */
function pointer(text: unknown, member: string, index: number): string[] {
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/")))
    throw new JsonPatchError("syntax", `operation ${index}: "${member}" is not a JSON pointer`);
  const steps = text.split("/").slice(1);
  return ["document", ...steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))];
}

function parentOf(root: unknown, path: readonly string[]): Container {
  let at = root;
  for (const step of path.slice(0, -1)) at = child(at, step, path);
  if (isObject(at) || Array.isArray(at)) return at as Container;
  throw missing(path);
}

function read(root: unknown, path: readonly string[]): unknown {
  return child(parentOf(root, path), path.at(-1) ?? "", path);
}

/** Like {@link read}, but undefined for a member that an object does not have. */
function peek(root: unknown, path: readonly string[]): unknown {
  const container = parentOf(root, path);
  const step = path.at(-1) ?? "";
  return Array.isArray(container) || Object.hasOwn(container, step) ? child(container, step, path) : undefined;
}

function child(container: unknown, step: string, path: readonly string[]): unknown {
  if (Array.isArray(container)) return container[position(container, step, path)];
  if (isObject(container) && Object.hasOwn(container, step)) return container[step];
  throw missing(path);
}

function position(list: unknown[], step: string, path: readonly string[], end = list.length - 1): number {
  const at = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (at < 0 || at > end) throw missing(path);
  return at;
}

function missing(path: readonly string[]): JsonPatchError {
  return new JsonPatchError("mismatch", `the path /${path.slice(1).join("/")} does not exist`);
}

function define(container: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(container, name, { value, enumerable: true, configurable: true, writable: true });
}

function add(root: unknown, path: readonly string[], value: unknown): void {
  const container = parentOf(root, path);
  const step = path.at(-1) ?? "";
  if (!Array.isArray(container)) define(container, step, value);
  else if (step === "-") container.push(value);
  else container.splice(position(container, step, path, container.length), 0, value);
}

function put(root: unknown, path: readonly string[], value: unknown): void {
  const container = parentOf(root, path);
  const step = path.at(-1) ?? "";
  if (Array.isArray(container)) container[position(container, step, path)] = value;
  else define(container, step, value);
}

function take(root: unknown, path: readonly string[]): unknown {
  const container = parentOf(root, path);
  const step = path.at(-1) ?? "";
  const value = child(container, step, path);
  if (Array.isArray(container)) container.splice(position(container, step, path), 1);
  else delete container[step];
  return value;
}
