/** Random Starlark expressions of a wanted type; now and then of another one, so that errors are met too. */
import type { Random } from "../harness/random.ts";

export type ExpressionType = "int" | "float" | "string" | "bool" | "list" | "dict" | "none";

const TYPES: readonly ExpressionType[] = ["int", "float", "string", "bool", "list", "dict", "none"];
const WRONG_TYPE = 0.015;

const STRINGS = [
  '""',
  '"a"',
  '"b c"',
  '"true"',
  '"1"',
  '"0x1F"',
  '"é"',
  '"日本"',
  '"a\\nb"',
  '"tab\\there"',
  "'it''s'",
  '"- x"',
  '"a: b"',
  '"#no"',
  '"{}"',
  '"~"',
  '" lead"',
  '"trail "',
  '"x,y,z"',
  'r"\\d"',
  '"""q"""',
  '"yes"',
  '"2001-01-01"',
  '"1e3"',
  '"line\\n"',
  '"\\\\"',
  '"<&>"',
  '"😀"',
  '"UPPER"',
  '"a-b_c"',
  '"%d%%"',
  '"{0}"',
  '"aXbXc"',
  '"=="',
  '"null"',
  '"1:30"',
  '"|"',
  '"\\x07"',
  '"a/b"',
  '"a.b.c"',
];
const INTS = [
  "0",
  "1",
  "-1",
  "2",
  "3",
  "7",
  "10",
  "0x1f",
  "0o17",
  "0b101",
  "255",
  "4096",
  "-12",
  "123456789",
  "9007199254740993",
  "2147483648",
];
const FLOATS = [
  "0.0",
  "1.0",
  "1.5",
  "-2.25",
  "1e3",
  "1e6",
  "1e7",
  "123456.789",
  "0.0001",
  "0.00001",
  "1e100",
  "3.14159265358979",
  "100000.0",
  "2.0",
];

export class Expressions {
  readonly #random: Random;
  /** Names in scope with what they hold. */
  readonly names: (readonly [string, ExpressionType])[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  any(depth = 2): string {
    return this.of(this.#random.pick(TYPES), depth);
  }

  of(wanted: ExpressionType, depth = 2): string {
    const random = this.#random;
    const type = random.chance(WRONG_TYPE) ? random.pick(TYPES) : wanted;
    const known = this.names.filter(([, held]) => held === type);
    if (known.length > 0 && random.chance(0.25)) return random.pick(known)[0];
    if (random.chance(0.08) && depth > 0)
      return `(${this.of(type, depth - 1)} if ${this.of("bool", depth - 1)} else ${this.of(type, depth - 1)})`;
    return this.#make(type, depth);
  }

  #make(type: ExpressionType, depth: number): string {
    switch (type) {
      case "int":
        return this.#int(depth);
      case "float":
        return this.#float(depth);
      case "string":
        return this.#string(depth);
      case "bool":
        return this.#bool(depth);
      case "list":
        return this.#list(depth);
      case "dict":
        return this.#dict(depth);
      case "none":
        return "None";
    }
  }

  #choose(leaf: readonly string[], depth: number, deeper: readonly (() => string)[]): string {
    const random = this.#random;
    return depth <= 0 || random.chance(0.35) ? random.pick(leaf) : random.pick(deeper)();
  }

  #int(depth: number): string {
    const [int, string, list] = this.#deeper(depth, "int", "string", "list");
    const operator = (): string => this.#random.pick(["+", "-", "*", "//", "%", "&", "|", "^"]);
    return this.#choose([...INTS, "data.values.count", "data.values.nested.port"], depth, [
      () => `(${int()} ${operator()} ${int()})`,
      () => `(${int()} ${this.#random.pick(["<<", ">>"])} ${this.#random.below(9)})`,
      () => `len(${this.#random.pick([string, list])()})`,
      () =>
        `int(${this.#random.pick([int, () => this.of("float", depth - 1), () => '"42"', () => '"-0x1f", 16', () => '"0b1", 0', () => '"zz", 36'])()})`,
      () => `${this.#random.pick(["min", "max"])}(${int()}, ${int()})`,
      () => `hash(${string()})`,
      () => `${string()}.${this.#random.pick(["find", "rfind", "count"])}(${string()})`,
      () => `-${int()}`,
      () => `~${int()}`,
      () => `${list()}[${this.#random.pick(["0", "-1", "1"])}]`,
      () => `ord(${this.#random.pick(['"a"', '"é"'])})`,
      () => `(lambda a, b=2: a + b)(${int()})`,
    ]);
  }

  #float(depth: number): string {
    const [int, float] = this.#deeper(depth, "int", "float");
    return this.#choose([...FLOATS, "data.values.ratio"], depth, [
      () => `(${float()} ${this.#random.pick(["+", "-", "*", "//", "%"])} ${this.#random.pick([int, float])()})`,
      () => `(${int()} / ${int()})`,
      () => `float(${this.#random.pick([int, float, () => '"1.5"', () => '"1e5"', () => '"x"'])()})`,
      () => `-${float()}`,
    ]);
  }

  #string(depth: number): string {
    const [int, string, list, dict, float] = this.#deeper(depth, "int", "string", "list", "dict", "float");
    const any = (): string => this.any(depth - 1);
    return this.#choose([...STRINGS, "data.values.name", "data.values.nested.host", 'data.values["odd-key"]'], depth, [
      () => `(${string()} + ${string()})`,
      () => `(${string()} * ${this.#random.pick(["0", "1", "2", "3", "-1"])})`,
      () => `str(${any()})`,
      () => `repr(${any()})`,
      () => `type(${any()})`,
      () => `(${this.#random.pick(['"%s|%r"', '"%s-%s"'])} % (${any()}, ${any()}))`,
      () => `(${this.#random.pick(['"%d"', '"%x"', '"%o"', '"%X"', '"%s"', '"%r"', '"%c"', '"%i%%"'])} % ${int()})`,
      () => `("%${this.#random.pick(["e", "f", "g"])}" % ${this.#random.pick([float, int])()})`,
      () =>
        `${this.#random.pick(['"{} {}"', '"{1}{0}"', '"{0!r}-{1!s}"', '"{{}}{}{}"', '"{}"', '"{2}"', '"{a}"'])}.format(${any()}, ${any()})`,
      () =>
        `${string()}.${this.#random.pick(["upper", "lower", "strip", "title", "capitalize", "lstrip", "rstrip"])}()`,
      () => `${string()}.replace(${string()}, ${string()})`,
      () => `${string()}[${this.#random.pick(["1:", ":2", "-2:", "::2", "::-1", "0", ":", "1:3", "-1"])}]`,
      () => `${string()}.join([${string()}, ${string()}])`,
      () => `json.encode(${any()})`,
      () => `json.encode(${dict()}, indent=${this.#random.pick(["2", "4", "1"])})`,
      () => `yaml.encode(${any()})`,
      () => `base64.encode(${string()})`,
      () => `base64.decode(base64.encode(${string()}${this.#random.pick(["", ", url=True", ", raw=True"])}))`,
      () => `md5.sum(${string()})`,
      () => `sha256.sum(${string()})`,
      () => `url.${this.#random.pick(["path_segment_encode", "query_param_value_encode"])}(${string()})`,
      () =>
        `regexp.replace(${this.#random.pick(['"[a-z]+"', '"(\\\\w)(\\\\w)"', '"x*"', '"^."', '"(?i)A"'])}, ${string()}, ${this.#random.pick(['"<$0>"', '"$2$1"', '"-"', "lambda s: s.upper()"])})`,
      () => `${list()}[0]`,
      () => `chr(${this.#random.pick(["65", "233", "128512", "10"])})`,
      () => `getattr(data.values, ${this.#random.pick(['"name"', '"gone"', '"gone", "dflt"'])})`,
      () => `${dict()}.get(${string()}, ${string()})`,
    ]);
  }

  #bool(depth: number): string {
    const [int, string, list, dict, bool] = this.#deeper(depth, "int", "string", "list", "dict", "bool");
    const comparison = (): string => this.#random.pick(["==", "!=", "<", "<=", ">", ">="]);
    return this.#choose(["True", "False", "data.values.flag"], depth, [
      () => `(${int()} ${comparison()} ${this.#random.pick([int, () => this.of("float", depth - 1)])()})`,
      () => `(${string()} ${comparison()} ${string()})`,
      () => `(${list()} ${this.#random.pick(["==", "!=", "<"])} ${list()})`,
      () => `(${dict()} == ${dict()})`,
      () => `(${this.any(depth - 1)} == ${this.any(depth - 1)})`,
      () => `(${string()} ${this.#random.pick(["in", "not in"])} ${this.#random.pick([string, list, dict])()})`,
      () => `not ${this.any(depth - 1)}`,
      () => `(${bool()} ${this.#random.pick(["and", "or"])} ${bool()})`,
      () => `bool(${this.any(depth - 1)})`,
      () => `${this.#random.pick(["any", "all"])}(${list()})`,
      () =>
        `hasattr(data.values${this.#random.pick(["", ".nested"])}, ${this.#random.pick(['"name"', '"gone"', '"host"'])})`,
      () => `${string()}.${this.#random.pick(["startswith", "endswith"])}(${string()})`,
      () =>
        `${string()}.${this.#random.pick(["isalpha", "isdigit", "isupper", "islower", "isspace", "istitle", "isalnum"])}()`,
      () => `regexp.match(${this.#random.pick(['"^[a-z]+$"', '"b|c"', '"\\\\d{1,3}"', '"["'])}, ${string()})`,
    ]);
  }

  #list(depth: number): string {
    const [int, string, list, dict] = this.#deeper(depth, "int", "string", "list", "dict");
    return this.#choose(
      ["[]", "[1, 2, 3]", '["a", "b"]', "data.values.items", "[None, True]", "[3, 1, 2]", "list(range(3))"],
      depth,
      [
        () => `[${this.#random.some(0, 3, () => this.any(depth - 1)).join(", ")}]`,
        () => `(${list()} + ${list()})`,
        () => `(${list()} * ${this.#random.below(3)})`,
        () => `[x for x in ${list()}]`,
        () => `[x for x in range(${this.#random.below(5)})${this.#random.pick(["", " if x % 2 == 0"])}]`,
        () => `[(i, x) for i, x in enumerate(${list()})]`,
        () =>
          `sorted([${int()}, ${int()}, ${int()}]${this.#random.pick(["", ", reverse=True", ", key=lambda v: -v"])})`,
        () => `sorted([${string()}, ${string()}])`,
        () => `list(reversed(${list()}))`,
        () => `list(range(${this.#random.pick(["4", "1, 4", "5, 0, -2", "0, 10, 3"])}))`,
        () =>
          `${string()}.${this.#random.pick(['split(",")', "split()", 'split("X", 1)', 'rsplit("X", 1)', "splitlines()", 'partition("X")', 'rpartition("X")'])}`,
        () => `list(${string()}.${this.#random.pick(["elems", "codepoints", "elem_ords", "codepoint_ords"])}())`,
        () => `${dict()}.${this.#random.pick(["keys", "values", "items"])}()`,
        () => `list(zip(${list()}, ${list()}))`,
        () => `${list()}[${this.#random.pick(["1:", ":1", "::-1", "-2:"])}]`,
        () => `dir(${this.#random.pick(["[]", "{}", '""', "data.values"])})`,
        () => `list(set([${int()}, ${int()}]) ${this.#random.pick(["|", "&", "^"])} set([${int()}]))`,
        () => `yaml.decode("[1, a, {b: c}]")`,
        () => `json.decode("[1, 2.5, null]")`,
      ],
    );
  }

  #dict(depth: number): string {
    const [, string, list, dict] = this.#deeper(depth, "int", "string", "list", "dict");
    return this.#choose(
      ["{}", '{"a": 1}', '{"b": [1], "a": None}', "dict(data.values.nested)", "dict(x=1, y=2)"],
      depth,
      [
        () => `{${this.#random.some(0, 3, () => `${string()}: ${this.any(depth - 1)}`).join(", ")}}`,
        () =>
          `{k: ${this.any(depth - 1)} for k in ${this.#random.pick([list, () => '["p", "q"]', () => "data.values.nested"])()}}`,
        () => `dict(${dict()}, z=${this.any(depth - 1)})`,
        () => `json.decode(json.encode(${dict()}))`,
        () => `yaml.decode(yaml.encode(${dict()}))`,
        () => `dict([(${string()}, ${this.any(depth - 1)})])`,
        () => `{${string()}: ${dict()}}`,
      ],
    );
  }

  #deeper<Types extends readonly ExpressionType[]>(
    depth: number,
    ...types: Types
  ): { [K in keyof Types]: () => string } {
    return types.map((type) => () => this.of(type, depth - 1)) as { [K in keyof Types]: () => string };
  }
}
