/** `info.yaml` of a template test, in the format of cartotest. Pure. */
import { isObject } from "#kit/json.ts";
import { CliError } from "../../errors.ts";

type Outputs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export type BlueprintParam = { name: string; value?: unknown; default?: unknown };

export type TestInfo = {
  metadata?: { name?: string; description?: string };
  given?: {
    workload?: string;
    template?: { path?: string; yttPath?: string };
    mockSupplyChain?: {
      blueprintInputs?: { sources?: Outputs; images?: Outputs; configs?: Outputs };
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
};

export type CompareOptions = {
  ignoreMetadata?: boolean;
  ignoreOwnerRefs?: boolean;
  ignoreLabels?: boolean;
  ignoreMetadataFields?: string[];
  namedCMPOptionFuncs?: string[];
};

const FIELDS: { readonly [path: string]: readonly string[] } = {
  "": ["metadata", "given", "expected", "focus", "compareOptions"],
  metadata: ["name", "description"],
  given: ["workload", "template", "mockSupplyChain", "supplyChain"],
  "given.template": ["path", "yttPath"],
  "given.mockSupplyChain": ["blueprintInputs", "blueprintParams"],
  "given.mockSupplyChain.blueprintInputs": ["sources", "images", "configs"],
  "given.supplyChain": ["paths", "yttPath", "targetResourceName", "previousOutputs"],
  compareOptions: ["ignoreMetadata", "ignoreOwnerRefs", "ignoreLabels", "ignoreMetadataFields", "namedCMPOptionFuncs"],
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
