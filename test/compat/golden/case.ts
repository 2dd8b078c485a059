/** Recorded cases: scripts of requests, and what a real API server answered to each of them. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "#kit/json.ts";
import { parseYaml } from "#kit/yaml.ts";
import type { Report } from "./pods.ts";
import { expandShorthand, isShorthand, type Shorthand } from "./shorthand.ts";

/** One request. Text in paths, headers and bodies may hold `$NS`, `$GROUP` and names that an earlier step kept. */
export type Step = {
  /** `METHOD /path?query`. */
  do: string;
  /** Content type: `json`, `merge`, `strategic`, `jsonpatch`, `apply`, `yaml`, or in full. Default `json`. */
  type?: string;
  headers?: Record<string, string>;
  body?: Json;
  /** A body that is sent as it stands. */
  raw?: string;
  /** Keeps values of the answer for later steps: name to dotted path. */
  keep?: Record<string, string>;
  /** Leaves these dotted paths of the answer out of the comparison; `*` stands for any key or index. */
  ignore?: string[];
  /** Asks again, for at most 10 seconds, until the answer's status is this one. */
  until?: number;
  /**
   * Asks again, for at most 40 seconds, until the dotted paths of the answer have these values; a number is compared
   * with the length of a list, null stands for nothing.
   */
  wait?: Record<string, Json>;
  /** Asks again until the answer, besides revisions and times, stays the same for some time. */
  settle?: boolean;
  /** Only these dotted paths of the answer, or of the items of a list, are compared. */
  only?: string[];
  /** Reads a watch until this many events have come, or none for a second. `during` is played once it is open. */
  events?: number;
  during?: Step[];
  /** No request of its own, but what a node would say about pods. */
  report?: Report;
};

/**
 * Shorthand for a step that posts the definition of `widgets.$GROUP` with one version, v1, and for one that waits until
 * it is served.
 */
type Definition = {
  schema?: Json;
  /** More fields of its version, of its spec, and of its metadata. */
  version?: object;
  spec?: object;
  metadata?: object;
  /** True for a definition that is refused: nothing is waited for. */
  refused?: boolean;
};

export type Case = { area: string; name: string; steps: Step[] };

export type Answer = { status: number; contentType?: string; warnings?: string[]; body?: Json; during?: Answer[] };

const CASES = join(import.meta.dirname, "cases");

/** What a file says: steps by the name of their case. Names that begin with a dot hold parts that cases share. */
type File = Record<string, (Step | Shorthand | { define: Definition } | { pods: Report })[]>;

/** All cases below `cases/`: a file per area, a map of case names to steps in each. */
export async function loadCases(folder = CASES): Promise<Case[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".yaml")).sort();
  const loaded = await Promise.all(
    files.map(async (file) => {
      const [cases = {}] = parseYaml(await readFile(join(folder, file), "utf8"), file) as File[];
      const area = file.replace(/\.yaml$/, "");
      return Object.entries(cases)
        .filter(([name]) => !name.startsWith("."))
        .map(([name, steps]) => ({
          area,
          name,
          steps: steps.flatMap(expand),
        }));
    }),
  );
  return loaded.flat();
}

function expand(step: File[string][number]): Step[] {
  if ("define" in step) return definitionSteps(step.define);
  if ("pods" in step) return [{ do: "", report: step.pods }];
  return [isShorthand(step) ? expandShorthand(step) : step];
}

const NAMES = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" };

function definitionSteps({ schema, version, spec, metadata, refused }: Definition): Step[] {
  const body = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.$GROUP", ...metadata },
    spec: {
      group: "$GROUP",
      scope: "Namespaced",
      names: NAMES,
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          ...(schema !== undefined && { schema: { openAPIV3Schema: schema } }),
          ...version,
        },
      ],
      ...spec,
    },
  };
  const post: Step = { do: "POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions", body: body as Json };
  return refused ? [post] : [post, { do: "GET /apis/$GROUP/v1/widgets", until: 200 }];
}

/** Where the recorded answers of an area are. */
export function answersFile(area: string): string {
  return join(CASES, `${area}.answers.json`);
}

export function caseId({ area, name }: Case): string {
  return `${area}/${name}`;
}
