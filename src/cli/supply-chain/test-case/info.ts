/** `info.yaml` of a template test, in the format of cartotest. Pure. */
import { isObject } from "#kit/json.ts";
import { CliError } from "../../errors.ts";

/** An output as a test gives it, e.g. `{url, revision}`. */
export type Given = Readonly<Record<string, unknown>>;
export type Outputs = Readonly<Record<string, Given>>;
export type BlueprintParam = { name: string; value?: unknown; default?: unknown };

export type TestInfo = {
  metadata?: { name?: string; description?: string };
  given?: {
    workload?: string;
    template?: { path?: string; yttPath?: string };
    mockSupplyChain?: {
      blueprintInputs?: { sources?: Outputs; images?: Outputs; configs?: Outputs; deployment?: Given };
      blueprintParams?: BlueprintParam[];
    };
    supplyChain?: {
      paths?: string[];
      yttPath?: string;
      targetResourceName?: string;
      previousOutputs?: Outputs;
    };
  };
  expected?: string;
  focus?: boolean;
  compareOptions?: CompareOptions;
} & TopLevelOptions;

/** Earlier versions of the format have these at the top. */
type TopLevelOptions = Pick<
  CompareOptions,
  "ignoreMetadata" | "ignoreOwnerRefs" | "ignoreLabels" | "ignoreMetadataFields"
>;

export type CompareOptions = {
  ignoreMetadata?: boolean;
  ignoreOwnerRefs?: boolean;
  ignoreLabels?: boolean;
  ignoreMetadataFields?: string[];
  namedCMPOptionFuncs?: string[];
};

const TOP_LEVEL = ["ignoreMetadata", "ignoreOwnerRefs", "ignoreLabels", "ignoreMetadataFields"] as const;

const FIELDS: { readonly [path: string]: readonly string[] } = {
  "": ["metadata", "given", "expected", "focus", "compareOptions", ...TOP_LEVEL],
  metadata: ["name", "description"],
  given: ["workload", "template", "mockSupplyChain", "supplyChain"],
  "given.template": ["path", "yttPath"],
  "given.mockSupplyChain": ["blueprintInputs", "blueprintParams"],
  "given.mockSupplyChain.blueprintInputs": ["sources", "images", "configs", "deployment"],
  "given.supplyChain": ["paths", "yttPath", "targetResourceName", "previousOutputs"],
  compareOptions: [...TOP_LEVEL, "namedCMPOptionFuncs"],
};

/** Throws CliError for fields that the format does not have. */
export function parseInfo(value: unknown, file: string): TestInfo {
  if (value === undefined) return {};
  for (const [path, allowed] of Object.entries(FIELDS)) {
    const parts = path === "" ? [] : path.split(".");
    const part = parts.reduce<unknown>((found, name) => (isObject(found) ? found[name] : undefined), value);
    if (part === undefined) continue;
    if (!isObject(part)) throw new CliError("usage", `${file}: ${path || "the file"} must be a map`);
    const unknown = Object.keys(part).find((key) => !allowed.includes(key));
    if (unknown)
      throw new CliError(
        "usage",
        `${file}: ${[...parts, unknown].join(".")} is no field of info.yaml`,
        `Known: ${allowed.join(", ")}.`,
      );
  }
  return value as TestInfo;
}

/** How the folder wants to be compared, wherever it says so. */
export function compareOptionsOf({ compareOptions, ...info }: TestInfo): CompareOptions {
  const top = TOP_LEVEL.filter((name) => info[name] !== undefined).map((name) => [name, info[name]]);
  return { ...Object.fromEntries(top), ...compareOptions };
}
