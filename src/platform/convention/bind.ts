/** From a ClusterPodConvention to something that can be called: in this program, or at its webhook. */
import {
  type ClusterPodConvention,
  IN_PROCESS_ANNOTATION,
  VALUES_ANNOTATION,
} from "#api/conventions.carto.run/index.ts";
import { isObject } from "#kit/json.ts";
import { parseYaml } from "#kit/yaml.ts";
import type { BoundConvention } from "./apply.ts";
import { ConventionFailure, type ConventionInput, type InProcessConvention, type Reader } from "./convention.ts";
import { callWebhook, type Endpoint } from "./webhook/call.ts";
import { endpointOf } from "./webhook/endpoint.ts";
import { renderRequest } from "./webhook/protocol.ts";
import type { ServiceResolver } from "./webhook/service.ts";

export type BindOptions = {
  inProcess: ReadonlyMap<string, InProcessConvention>;
  reader: Reader;
  services: ServiceResolver;
  /** How long a webhook may take. */
  timeoutMs: number;
};

/** Binds each in turn; authorities are resolved now, so that a missing one shows before anything is called. Throws ConventionFailure. */
export async function bindConventions(
  conventions: readonly ClusterPodConvention[],
  options: BindOptions,
): Promise<BoundConvention[]> {
  const bound: BoundConvention[] = [];
  for (const convention of conventions) bound.push(await bind(convention, options));
  return bound;
}

async function bind(convention: ClusterPodConvention, options: BindOptions): Promise<BoundConvention> {
  try {
    return convention.spec.webhook ? await bindWebhook(convention, options) : bindInProcess(convention, options);
  } catch (error) {
    if (!(error instanceof ConventionFailure) || error.reason !== "ConventionsApplied") throw error;
    const message = `failed to apply convention from source ${convention.metadata.name}: ${error.message}`;
    throw new ConventionFailure(error.reason, message, { cause: error, retry: error.retry });
  }
}

async function bindWebhook(convention: ClusterPodConvention, options: BindOptions): Promise<BoundConvention> {
  const { name } = convention.metadata;
  const endpoint: Endpoint = await endpointOf(convention, options);
  return {
    name,
    apply: (input, intent, signal) =>
      callWebhook(endpoint, renderRequest(`${intent.metadata.name}-${name}`, input), {
        timeoutMs: options.timeoutMs,
        signal,
      }),
  };
}

function bindInProcess(convention: ClusterPodConvention, { inProcess }: BindOptions): BoundConvention {
  const { name, annotations = {} } = convention.metadata;
  const found = inProcess.get(annotations[IN_PROCESS_ANNOTATION] ?? "");
  if (!found)
    throw new ConventionFailure(
      "ConventionsApplied",
      `it has no spec.webhook and names no convention of this program: set one, or the annotation ${IN_PROCESS_ANNOTATION} to one of ${[...inProcess.keys()].join(", ")}`,
    );
  const values = parseValues(annotations[VALUES_ANNOTATION]);
  return { name, apply: async (input) => found.apply({ ...input, values }) };
}

function parseValues(text: string | undefined): ConventionInput["values"] {
  if (text === undefined) return {};
  const [values = {}, ...more] = parsed(text);
  if (isObject(values) && more.length === 0) return values;
  throw new ConventionFailure("ConventionsApplied", `annotation ${VALUES_ANNOTATION}: it must be one YAML map`);
}

function parsed(text: string): unknown[] {
  try {
    return parseYaml(text, VALUES_ANNOTATION);
  } catch (error) {
    throw new ConventionFailure("ConventionsApplied", `annotation ${(error as Error).message}`, { cause: error });
  }
}
