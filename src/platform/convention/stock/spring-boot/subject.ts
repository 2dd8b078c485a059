/** One Spring Boot container while its conventions are applied, one after the other. */
import type * as k8s from "#api/builtin/types.gen.ts";
import { isObject } from "#kit/json.ts";
import type { ConventionInput, Effect, ImageDescription } from "../../convention.ts";
import { componentOf } from "../image-facts.ts";
import type { Properties } from "./properties.ts";

/** A copy that conventions may change. */
export type Subject = {
  template: { metadata: { labels: Record<string, string>; annotations: Record<string, string> }; spec: k8s.PodSpec };
  container: k8s.Container;
  image: ImageDescription;
  properties: Properties;
  /** Whether actuators are configured: the pod's label, else what the operator set, else no. */
  configuresActuators: boolean;
  values: ConventionInput["values"];
};

/** A convention for Spring Boot containers: applies when `isFor`, in the order of the list. */
export type SpringConvention = Effect & {
  isFor: (subject: Subject) => boolean;
  apply: (subject: Subject) => void;
};

/** Whether the image has any of these components. */
export function has({ image }: Pick<Subject, "image">, ...names: readonly string[]): boolean {
  return names.some((name) => componentOf(image, name) !== undefined);
}

/** Whether the image has the component in at least this version; `2.3.3.RELEASE` counts as 2.3.3. */
export function hasSince(
  { image }: Pick<Subject, "image">,
  name: string,
  [major, minor]: readonly [number, number],
): boolean {
  const [found = Number.NaN, minorFound = 0] = (componentOf(image, name)?.version ?? "").split(".").map(Number);
  return found > major || (found === major && minorFound >= minor);
}

/** A map among the operator's values, e.g. `livenessProbe`. Throws when it is something else. */
export function mapOf(values: ConventionInput["values"], name: string): Record<string, unknown> {
  const value = values[name] ?? {};
  if (isObject(value)) return value;
  throw new Error(`value ${name} must be a map`);
}
