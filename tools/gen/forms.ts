/** Generates how built-in types are written as JSON: what their Go types leave out when it is empty, and what they always say. */
import { type Field, fieldsOf, names, type TypeRef } from "./builtin.ts";

/** Structs that are left out when they are empty although they are held by value. */
const OMITTED_STRUCTS: ReadonlySet<string> = new Set(["ObjectMeta.creationTimestamp", "CSINode.status"]);
/** Lists that valid objects may do without, and that are then written as null. Other required lists are never empty. */
const NULL_LISTS: ReadonlySet<string> = new Set([
  "LimitRangeSpec.limits",
  "Role.rules",
  "ClusterRole.rules",
  "EndpointSlice.endpoints",
  "EndpointSlice.ports",
  "AutoscalingV2HorizontalPodAutoscalerStatus.currentMetrics",
  "CSINodeSpec.drivers",
  "CSINodeDriver.topologyKeys",
]);

/** Fields that are written when they are empty although they are optional. */
const ALWAYS_WRITTEN: ReadonlySet<string> = new Set([
  "StatefulSetSpec.serviceName",
  "StatefulSetOrdinals.start",
  "StatefulSetStatus.availableReplicas",
  "Event.reportingComponent",
  "Event.reportingInstance",
  "PodDisruptionBudgetStatus.disruptionsAllowed",
  "PodDisruptionBudgetStatus.currentHealthy",
  "PodDisruptionBudgetStatus.desiredHealthy",
  "PodDisruptionBudgetStatus.expectedPods",
]);

type Shape = { kind: string; of?: string };

/** Bytes are texts in JSON. */
function isBytes({ go }: Field): boolean {
  return go.endsWith("[]byte");
}

function shapeOf(ref: TypeRef | undefined): Shape {
  if (ref === undefined) return { kind: "unknown" };
  if (typeof ref === "object") {
    const inner = shapeOf("list" in ref ? ref.list : ref.map);
    return { kind: "list" in ref ? "list" : "map", of: inner.of ?? inner.kind };
  }
  if (ref === "string" || ref === "numeric" || ref === "boolean") return { kind: ref };
  if (ref.endsWith(".Quantity")) return { kind: "quantity" };
  if (ref.endsWith(".MicroTime")) return { kind: "microtime" };
  if (ref.endsWith(".Time")) return { kind: "time" };
  if (ref.endsWith(".IntOrString")) return { kind: "intstr" };
  const of = names.get(ref);
  return of && !ref.endsWith(".RawExtension") && !ref.endsWith(".FieldsV1")
    ? { kind: "struct", of }
    : { kind: "unknown" };
}

const ZERO: { readonly [kind: string]: string } = {
  string: '""',
  numeric: "0",
  boolean: "false",
  intstr: "0",
  quantity: '"0"',
  list: "null",
  map: "null",
  struct: "{}",
  time: "null",
  microtime: "null",
};

/** `-`: left out when empty; `~`: the same, but it is there before anybody has written it; `=…`: written so when absent, and `+…` even if it could be left out; then what it holds, when that matters. */
function formOf(owner: string, key: string, field: Field): string | undefined {
  const { kind, of } = shapeOf(field.type);
  if (kind === "unknown") return undefined;
  const isPointer = field.go.startsWith("*");
  const id = `${owner}.${key}`;
  const written = ALWAYS_WRITTEN.has(id) || (!field.optional && !isTop(owner, key));
  const bytes = isBytes(field);
  const isResources = kind === "map" && of === "quantity";
  const held = bytes
    ? "bytes"
    : isResources
      ? "resource"
      : kind === "struct" || kind === "list" || kind === "map"
        ? of
        : kind;
  const scalar =
    held === "string" || held === "numeric" || held === "boolean" || held === "intstr" || held === "unknown";
  const content = scalar || !held ? "" : ` ${kind === "list" || kind === "map" ? kind : "one"} ${held}`;
  return `${presence()}${content}`.trim() || undefined;

  function presence(): string {
    if (NULL_LISTS.has(id)) return "=null";
    if (isPointer) return "";
    if (kind === "list" || kind === "map") return written ? "~" : "-";
    const byValue = ["struct", "time", "microtime", "quantity"].includes(kind);
    if (OMITTED_STRUCTS.has(id)) return "-";
    if (kind === "intstr") return `+${ZERO[kind]}`;
    if (byValue || written) return `=${bytes ? "null" : ZERO[kind]}`;
    return "-";
  }
}

function isTop(owner: string, key: string): boolean {
  return key === "metadata" && owner !== "ObjectMeta";
}

/** For each type its fields that are not simply written as they are given. */
export function renderForms(): string {
  const types = [...names].map(([type, name]) => {
    const forms = Object.entries(fieldsOf(type)).flatMap(([key, field]) => {
      const form = formOf(name, key, field);
      return form ? [[key, form]] : [];
    });
    return `${JSON.stringify(name)}:${JSON.stringify(Object.fromEntries(forms))}`;
  });
  return `{\n${types.join(",\n")}\n}\n`;
}
