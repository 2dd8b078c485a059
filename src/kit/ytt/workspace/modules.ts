/** The modules of the `@ytt:` library as one file sees them. */
import { Fault } from "../errors.ts";
import { ASSERT } from "../library/assert.ts";
import { BASE64 } from "../library/base64.ts";
import { asString, fn, makeModule, only } from "../library/define.ts";
import { MD5, SHA256 } from "../library/hashes.ts";
import { IP } from "../library/ip.ts";
import { JSON_MODULE } from "../library/json.ts";
import { MATH } from "../library/math.ts";
import { REGEXP } from "../library/regexp.ts";
import { MODULE, STRUCT } from "../library/struct.ts";
import { URL_MODULE } from "../library/url.ts";
import { VERSION_MODULE } from "../library/version.ts";
import { YAML } from "../library/yaml.ts";
import { OVERLAY } from "../overlay/module.ts";
import { ModuleValue, type Native } from "../starlark/callables.ts";
import { newList } from "../starlark/list-methods.ts";
import type { Value } from "../starlark/values.ts";
import { toValue } from "../template/fragment.ts";
import { toPlain } from "../tree/convert.ts";
import type { DocumentNode } from "../tree/nodes.ts";
import { type LibraryPlace, startOf } from "./files.ts";

const FIXED: Readonly<Record<string, Value>> = {
  assert: ASSERT,
  base64: BASE64,
  ip: IP,
  json: JSON_MODULE,
  math: MATH,
  md5: MD5,
  module: MODULE,
  overlay: OVERLAY,
  regexp: REGEXP,
  sha256: SHA256,
  struct: STRUCT,
  url: URL_MODULE,
  version: VERSION_MODULE,
  yaml: YAML,
};

export type ModuleContext = {
  readonly place: LibraryPlace;
  readonly values: DocumentNode;
  /** The work of `template.replace` for the template that runs. */
  readonly replace: Native;
  readonly library: () => Value;
};

/** Gives the modules by name. The function throws Fault for names that do not exist. */
export function libraryModules(context: ModuleContext): (name: string) => ReadonlyMap<string, Value> {
  const made = new Map<string, Value>();
  const make = (name: string): Value | undefined => {
    if (name === "data") return dataModule(context);
    if (name === "template") return makeModule("template", { replace: context.replace });
    if (name === "library") return context.library();
    return Object.hasOwn(FIXED, name) ? FIXED[name] : undefined;
  };
  return (name) => {
    const module = made.get(name) ?? make(name);
    if (module === undefined)
      throw new Fault(
        `builtin ytt library does not have module '${name}' (hint: is it available in newer version of ytt?)`,
      );
    made.set(name, module);
    return new Map([[name, module]]);
  };
}

function dataModule({ place, values }: ModuleContext): Value {
  const list = fn("data.list", (call) => {
    if (call.args.length > 1) throw new Fault("expected exactly zero or one argument");
    const { library, rest, fromRoot } = startOf(call.args.length === 1 ? asString(call.args[0]) : "", place);
    const start = rest === "" ? library : library.findDirectory(rest);
    return newList(
      call,
      start.list().map(({ path }) => (fromRoot ? `/${path}` : path)),
    );
  });
  const read = fn("data.read", (call) => {
    const { library, rest } = startOf(asString(only(call)), place);
    const { text } = library.findFile(rest).file;
    call.thread.budget.make(text.length);
    return text;
  });
  return new ModuleValue(
    "data",
    new Map<string, Value>([
      ["list", list],
      ["read", read],
      ["values", toValue(toPlain(values.value), true)],
    ]),
  );
}
