/** Plain scalars of YAML as Go programs read them: YAML 1.1 without times and sexagesimals, and with `0o17`. */
import type { ScalarTag, Tags } from "yaml";

const OCTAL: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => {
    const digits = text.replace(/^[-+]?0o/, "").replaceAll("_", "");
    return (text.startsWith("-") ? -1 : 1) * Number.parseInt(digits, 8);
  },
};

/** A point alone is a text, and so is an exponent without digits before it, such as the commit `e5`. */
const FLOAT: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/,
  resolve: (text) => Number(text.replaceAll("_", "")),
};

const INT = "tag:yaml.org,2002:int";
const TIMES = "tag:yaml.org,2002:timestamp";

/** How whoever parses YAML tells scalars apart. */
export const SCALARS = {
  version: "1.1" as const,
  merge: true,
  customTags: (known: Tags): Tags => [...known.filter((tag) => !isReplaced(tag)), OCTAL, FLOAT],
};

/** How whoever writes YAML knows which texts others would not read as texts. */
export const WRITTEN_SCALARS = {
  version: "1.1" as const,
  customTags: (known: Tags): Tags => [...known, OCTAL],
};

function isReplaced(tag: Tags[number]): boolean {
  if (typeof tag === "string") return false;
  if (tag.tag === TIMES || (tag.tag === INT && "format" in tag && tag.format === "TIME")) return true;
  return tag.tag === FLOAT.tag && "test" in tag && !tag.test?.test(".nan");
}
