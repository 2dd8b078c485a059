/** What calls cost at most, and how large what they give can be. */
import type { Type } from "../types.ts";
import type { Declared } from "./declared.ts";

export type Sized = {
  readonly type: Type;
  /** Elements, or bytes of a text. */
  readonly size: { readonly min: number; readonly max: number };
  /** Where in the schema the value comes from, if it is part of the object. */
  readonly from?: Declared | undefined;
};

export type CallCost = { readonly cost: number; readonly size?: number };

const PER_BYTE = 0.1;
const PER_PATTERN_BYTE = 0.25;
/** What the pattern of a named format counts as. */
const FORMAT_PATTERN = 128;

/** The cost of looking at so many bytes. */
function traverse(bytes: number): number {
  return Math.ceil(bytes * PER_BYTE);
}

function search(text: Sized, pattern: number): number {
  return traverse(text.size.max + 1) * Math.ceil(pattern * PER_PATTERN_BYTE);
}

type Estimator = (args: readonly Sized[]) => CallCost;

const UNKNOWN: Sized = { type: { kind: "dyn", params: [] }, size: { min: 0, max: Number.POSITIVE_INFINITY } };
const at = (args: readonly Sized[], index: number): Sized => args[index] ?? UNKNOWN;
const fixed =
  (cost: number): Estimator =>
  () => ({ cost });

const isTextual = ({ kind }: Type): boolean => kind === "string" || kind === "bytes" || kind === "dyn";

const compareSizes: Estimator = (args) => ({ cost: traverse(Math.min(at(args, 0).size.max, at(args, 1).size.max)) });
const compareOrder: Estimator = (args) =>
  args.every(({ type }) => isTextual(type)) ? compareSizes(args) : { cost: 1 };
/** Reads its first argument, a text. */
const read: Estimator = (args) => ({ cost: traverse(at(args, 0).size.max) });
/** Reads a text and gives one that is no longer. */
const derive: Estimator = (args) => ({ ...read(args), size: at(args, 0).size.max });
const readTwice: Estimator = (args) => ({ cost: 2 * traverse(at(args, 0).size.max) });
const matches: Estimator = (args) => ({ cost: search(at(args, 0), at(args, 1).size.max) });
const find: Estimator = (args) => ({ ...matches(args), size: at(args, 0).size.max });

/** Looks at every element of a list; of texts at every byte. */
const scan: Estimator = (args) => {
  const list = at(args, 0);
  if (list.type.kind !== "list") return read(args);
  const item = list.type.params[0];
  const each =
    item && isTextual(item) && item.kind !== "dyn" ? traverse(list.from?.item?.max ?? Number.POSITIVE_INFINITY) : 0;
  return { cost: list.size.max * (1 + each) };
};

const add: Estimator = (args) => {
  const size = at(args, 0).size.max + at(args, 1).size.max;
  const kinds = args.map(({ type }) => type);
  if (kinds.some(({ kind }) => kind === "list")) return { cost: 1, size };
  return kinds.every(isTextual) ? { cost: traverse(size), size } : { cost: 1 };
};

const contains: Estimator = (args) => ({ cost: traverse(at(args, 0).size.max) * traverse(at(args, 1).size.max) });

const replace: Estimator = (args) => {
  const [text, from, to] = [at(args, 0).size.max, at(args, 1).size, at(args, 2).size.max];
  const count = from.min === 0 ? text + 1 : Math.ceil(text / from.min);
  return { cost: 2 * traverse(text), size: Math.max(text, text + count * (to - from.min)) };
};

const join: Estimator = (args) => {
  const list = at(args, 0);
  const separators = args.length > 1 ? Math.max(0, list.size.max - 1) * at(args, 1).size.max : 0;
  const size = list.size.max * (list.from?.item?.max ?? Number.POSITIVE_INFINITY) + separators;
  return { cost: traverse(size), size };
};

/** Comparing addresses: both ends of a range, and the length of its prefix. */
const IN_RANGE = 4;
const RANGE_IN_RANGE = 7;
const inRange =
  (base: number): Estimator =>
  (args) => {
    const other = at(args, 1);
    return { cost: base + (other.type.kind === "string" ? traverse(other.size.max) : 0) };
  };

const ESTIMATORS: { readonly [name: string]: Estimator } = {
  "_==_": compareSizes,
  "_!=_": compareSizes,
  "_<_": compareOrder,
  "_<=_": compareOrder,
  "_>_": compareOrder,
  "_>=_": compareOrder,
  "_+_": add,
  "@in": (args) => ({ cost: at(args, 1).type.kind === "map" ? 1 : at(args, 1).size.max }),
  dyn: fixed(0),
  startsWith: (args) => ({ cost: traverse(at(args, 1).size.max) }),
  endsWith: (args) => ({ cost: traverse(at(args, 1).size.max) }),
  contains,
  matches,
  find,
  findAll: matches,
  lowerAscii: derive,
  upperAscii: derive,
  substring: derive,
  trim: derive,
  replace,
  split: (args) => ({ ...readTwice(args), size: at(args, 0).size.max }),
  join,
  format: read,
  indexOf: scan,
  lastIndexOf: scan,
  isSorted: scan,
  sum: scan,
  min: scan,
  max: scan,
  bytes: (args) =>
    at(args, 0).type.kind === "bytes" ? { cost: 1 } : { ...read(args), size: at(args, 0).size.max * 4 },
  string: (args) => {
    const { kind } = at(args, 0).type;
    return kind === "bytes" || kind === "dyn" ? { ...read(args), size: at(args, 0).size.max } : { cost: 1 };
  },
  url: read,
  ip: read,
  isIP: read,
  "ip.isCanonical": readTwice,
  cidr: read,
  isCIDR: read,
  containsIP: inRange(IN_RANGE),
  containsCIDR: inRange(RANGE_IN_RANGE),
  quantity: read,
  isQuantity: read,
  semver: read,
  isSemver: read,
  validate: (args) => ({ cost: traverse(at(args, 1).size.max) * Math.ceil(FORMAT_PATTERN * PER_PATTERN_BYTE) }),
  "sets.contains": (args) => ({ cost: 1 + at(args, 0).size.max * at(args, 1).size.max }),
  "sets.intersects": (args) => ({ cost: 1 + at(args, 0).size.max * at(args, 1).size.max }),
  "sets.equivalent": (args) => ({ cost: 1 + 2 * at(args, 0).size.max * at(args, 1).size.max }),
};

/** What a call costs, without its arguments. A receiver is the first argument. */
export function callCost(name: string, args: readonly Sized[]): CallCost {
  const estimator = Object.hasOwn(ESTIMATORS, name) ? ESTIMATORS[name] : undefined;
  return estimator ? estimator(args) : { cost: 1 };
}
