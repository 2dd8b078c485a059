/** Random ytt templates: structure, control flow, functions, annotations, overlays; and the values they are given. */

import { Random } from "../harness/random.ts";
import { Expressions, type ExpressionType } from "./expressions.ts";

export const VALUES = {
  name: "web",
  count: 3,
  ratio: 1.5,
  flag: true,
  items: ["x", 2, null],
  nested: { host: "h.example", port: 8080, tls: { on: false } },
  "odd-key": "odd value",
};

const LOADS = ["data", "json", "yaml", "base64", "md5", "sha256", "url", "regexp", "struct", "template", "assert"];
const SCALARS = [
  "text",
  "two words",
  "1",
  "1.5",
  "true",
  "yes",
  "no",
  "~",
  "null",
  '"quoted"',
  "'single'",
  "0x1F",
  "0777",
  "1_000",
  "1e3",
  "-",
  "2001-01-01",
  "1:30",
  ".inf",
  '"a\\tb"',
  "'it''s'",
  "é",
  '"multi\\nline"',
  "!!str 5",
  "!!int '7'",
  "[1, a, {b: c}]",
  "{x: 1, y: [2]}",
  "[]",
  "{}",
  "a#b",
  "http://x/y",
  "'#x'",
  '"#x"',
  "*",
  "- x",
  "@x",
  "%",
  "&a v",
  "!tag v",
  "on",
  ".5",
  "+1",
  "0o17",
  "0b11",
  '"\\u00e9"',
  "a: b",
  "=",
  "<<",
];
const KEYS = [
  "a",
  "b",
  "c",
  "name",
  "key",
  '"q k"',
  "1",
  "true",
  "y",
  "x-y",
  "'s'",
  "é",
  "null",
  "0x10",
  "a.b/c",
  "2.5",
];
const PAD = "  ";

class TemplateMaker {
  readonly #random: Random;
  readonly #expressions: Expressions;
  readonly #lines: string[] = [];
  #names = 0;
  #functions: string[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#expressions = new Expressions(random);
  }

  make(): string {
    for (const module of LOADS) this.#lines.push(`#@ load("@ytt:${module}", "${module}")`);
    for (const _ of this.#random.some(0, 2, () => 0)) this.#assignment("");
    for (const _ of this.#random.some(0, 2, () => 0)) this.#function();
    const documents = this.#random.some(1, 2, () => 0).length;
    for (let i = 0; i < documents; i++) {
      this.#lines.push("---");
      if (this.#random.chance(0.75)) this.#map("", 3);
      else this.#array("", 2);
    }
    if (this.#random.chance(0.12)) this.#overlay();
    return `${this.#lines.join("\n")}\n`;
  }

  #fresh(): string {
    this.#names++;
    return `v${this.#names}`;
  }

  #assignment(pad: string): void {
    const type = this.#random.pick<ExpressionType>(["int", "string", "list", "dict", "bool", "float"]);
    const name = this.#fresh();
    this.#lines.push(`${pad}#@ ${name} = ${this.#expressions.of(type)}`);
    this.#expressions.names.push([name, type]);
  }

  #function(): void {
    const name = `f${this.#functions.length}`;
    this.#lines.push(`#@ def ${name}(p, q=${this.#expressions.any(1)}):`);
    const shared = this.#expressions.names.length;
    this.#expressions.names.push(["p", "int"], ["q", "string"]);
    if (this.#random.chance(0.3)) this.#lines.push(`#@   return ${this.#expressions.any()}`);
    else if (this.#random.chance(0.7)) this.#map("", 2);
    else this.#array("", 1);
    this.#expressions.names.length = shared;
    this.#lines.push("#@ end", "---");
    this.#functions.push(name);
  }

  #value(): string {
    const random = this.#random;
    if (this.#functions.length > 0 && random.chance(0.25))
      return `${random.pick(this.#functions)}(${this.#expressions.of("int", 1)})`;
    if (random.chance(0.03)) return "data.values";
    return this.#expressions.any(random.pick([1, 2, 3]));
  }

  #map(pad: string, depth: number): void {
    const random = this.#random;
    const keys = random.some(0, 4, () => random.pick(KEYS));
    const distinct = random.chance(0.05) ? keys : [...new Set(keys)];
    if (distinct.length === 0) distinct.push("only");
    for (const key of distinct) this.#wrapped(pad, () => this.#entry(pad, `${key}:`, depth));
    if (random.chance(0.06)) this.#lines.push(`${pad}_: #@ template.replace(${this.#expressions.of("dict")})`);
    if (random.chance(0.08)) {
      this.#lines.push(
        `${pad}#@ for i in range(${random.below(3)}):`,
        `${pad}#@yaml/text-templated-strings`,
        `${pad}k(@= str(i) @): #@ i`,
        `${pad}#@ end`,
      );
    }
  }

  #array(pad: string, depth: number): void {
    for (const _ of this.#random.some(1, 3, () => 0)) this.#wrapped(pad, () => this.#entry(pad, "-", depth));
    if (this.#random.chance(0.08)) this.#lines.push(`${pad}- #@ template.replace(${this.#expressions.of("list")})`);
  }

  /** An entry as it is, under a condition, or in a loop. */
  #wrapped(pad: string, entry: () => void): void {
    const random = this.#random;
    const roll = random.next();
    if (roll < 0.07) {
      this.#lines.push(`${pad}#@ if/end ${this.#expressions.of("bool")}:`);
      entry();
    } else if (roll < 0.12) {
      this.#lines.push(`${pad}#@ if ${this.#expressions.of("bool")}:`);
      entry();
      if (random.chance(0.5)) {
        this.#lines.push(`${pad}#@ ${random.pick(["else:", `elif ${this.#expressions.of("bool")}:`])}`);
        entry();
      }
      this.#lines.push(`${pad}#@ end`);
    } else if (roll < 0.15) {
      const name = this.#fresh();
      this.#lines.push(`${pad}#@ for ${name} in ${this.#expressions.of("list")}:`);
      if (random.chance(0.5)) this.#lines.push(`${pad}#@yaml/map-key-override`);
      entry();
      this.#lines.push(`${pad}#@ end`);
    } else if (roll < 0.17) {
      this.#lines.push(`${pad}#! a note`);
      entry();
    } else if (roll < 0.2) {
      this.#assignment(pad);
      entry();
    } else entry();
  }

  #entry(pad: string, start: string, depth: number): void {
    const random = this.#random;
    const roll = random.next();
    if (roll < 0.45) this.#lines.push(`${pad}${start} #@ ${this.#value()}`);
    else if (roll < 0.7 || depth <= 0) this.#lines.push(`${pad}${start} ${random.pick(SCALARS)}`);
    else if (roll < 0.74)
      this.#lines.push(
        `${pad}${start} |${random.pick(["", "-", "+"])}`,
        `${pad}${PAD}one`,
        `${pad}${PAD}${PAD}two #@ x`,
        "",
      );
    else if (roll < 0.76) this.#lines.push(`${pad}${start} >`, `${pad}${PAD}folded`, `${pad}${PAD}text`);
    else if (roll < 0.8) this.#templated(pad, start);
    else {
      this.#lines.push(`${pad}${start}`);
      if (random.chance(0.7)) this.#map(pad + PAD, depth - 1);
      else this.#array(pad + PAD, depth - 1);
    }
  }

  #templated(pad: string, start: string): void {
    const dash = this.#random.pick(["", "-"]);
    this.#lines.push(
      `${pad}#@yaml/text-templated-strings`,
      `${pad}${start} |`,
      `${pad}${PAD}x (@${dash}= ${this.#expressions.of("string", 1).replaceAll("\n", " ")} ${dash}@) y`,
    );
    this.#lines.push(`${pad}${PAD}(@ if ${this.#expressions.of("bool", 1)}: ${dash}@) in (@ end @)`);
  }

  #overlay(): void {
    const random = this.#random;
    this.#lines.push(
      '#@ load("@ytt:overlay", "overlay")',
      `#@overlay/match by=overlay.all${random.pick(["", ', expects="0+"', ', expects="1+"', ", expects=1"])}`,
      "---",
    );
    for (const key of new Set(random.some(1, 3, () => random.pick(KEYS)))) {
      const annotation = random.pick([
        "",
        "#@overlay/match missing_ok=True",
        "#@overlay/remove",
        "#@overlay/replace",
        "#@overlay/replace or_add=True",
        "#@overlay/replace via=lambda l, r: r",
        '#@overlay/match expects="0+"',
        "#@overlay/match-child-defaults missing_ok=True",
      ]);
      if (annotation) this.#lines.push(annotation);
      this.#entry("", `${key}:`, 1);
    }
  }
}

/** The template of a seed; the same seed gives the same template. */
export function randomTemplate(seed: number): string {
  return new TemplateMaker(new Random(seed)).make();
}
