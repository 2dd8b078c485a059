/** The environment variables of a container, with everything they refer to. */
import type { ConfigMap, Container, EnvVar, EnvVarSource, Pod, Secret } from "#api/builtin/types.gen.ts";
import { SandboxError } from "#ports/sandbox/runtime.ts";
import { fieldValue, type RunningPod } from "./downward.ts";
import { expand } from "./expand.ts";
import { resourceValue } from "./resources.ts";

/** Where references lead; undefined for objects that do not exist. */
export interface References {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** The variables by which the pod finds Services. */
  serviceVariables(pod: Pod): Promise<Record<string, string>>;
}

export type EnvironmentInput = {
  container: Container;
  running: RunningPod;
  references: References;
  imageEnv: readonly string[];
};

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Image variables, then those of Services, then envFrom, then env; later ones win. Throws SandboxError (CreateContainerConfigError) when a reference leads nowhere. */
export async function resolveEnvironment(input: EnvironmentInput): Promise<Record<string, string>> {
  const { container, running, references } = input;
  const declared = { ...(await references.serviceVariables(running.pod)) };
  for (const source of container.envFrom ?? []) {
    const { prefix = "" } = source;
    for (const [key, value] of Object.entries(await readAll(source, running.pod, references)))
      declared[`${prefix}${key}`] = value;
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, declared, input);
    if (value !== undefined) declared[variable.name] = value;
  }
  const image = Object.fromEntries(
    input.imageEnv.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  return {
    PATH: DEFAULT_PATH,
    HOSTNAME: running.pod.spec.hostname ?? running.pod.metadata.name,
    ...image,
    ...declared,
  };
}

async function variableValue(
  variable: EnvVar,
  known: Record<string, string>,
  input: EnvironmentInput,
): Promise<string | undefined> {
  if (variable.valueFrom) return await fromSource(variable.valueFrom, input);
  return expand(variable.value ?? "", known);
}

async function fromSource(source: EnvVarSource, input: EnvironmentInput): Promise<string | undefined> {
  const { container, running, references } = input;
  const { namespace = "" } = running.pod.metadata;
  if (source.fieldRef) return fieldValue(source.fieldRef.fieldPath, running);
  if (source.resourceFieldRef) return resourceValue(source.resourceFieldRef, running.pod, container);
  if (source.configMapKeyRef) {
    const { name = "", key, optional } = source.configMapKeyRef;
    const map = await references.configMap(namespace, name);
    return pick({ kind: "configmap", name, key, namespace, optional }, map, map?.data?.[key]);
  }
  if (source.secretKeyRef) {
    const { name = "", key, optional } = source.secretKeyRef;
    const secret = await references.secret(namespace, name);
    return pick({ kind: "secret", name, key, namespace, optional }, secret, decode(secret?.data?.[key]));
  }
  throw configError(
    "valueFrom: this source is not supported; use fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef",
  );
}

type Reference = {
  kind: "configmap" | "secret";
  name: string;
  key: string;
  namespace: string;
  optional?: boolean | undefined;
};

function pick(reference: Reference, object: unknown, value: string | undefined): string | undefined {
  if (value !== undefined || reference.optional) return value;
  const { kind, name, key, namespace } = reference;
  if (object === undefined) throw configError(`${kind} "${name}" not found`);
  throw configError(`couldn't find key ${key} in ${kind === "secret" ? "Secret" : "ConfigMap"} ${namespace}/${name}`);
}

async function readAll(
  source: NonNullable<Container["envFrom"]>[number],
  pod: Pod,
  references: References,
): Promise<Record<string, string>> {
  const { namespace = "" } = pod.metadata;
  if (source.configMapRef) {
    const { name = "", optional } = source.configMapRef;
    const map = await references.configMap(namespace, name);
    if (!map && !optional) throw configError(`configmap "${name}" not found`);
    return map?.data ?? {};
  }
  const { name = "", optional } = source.secretRef ?? {};
  const secret = await references.secret(namespace, name);
  if (!secret && !optional) throw configError(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, decode(value) ?? ""]));
}

function decode(value: string | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

function configError(message: string): SandboxError {
  return new SandboxError("CreateContainerConfigError", message);
}
