/** Generates the protobuf field tables of the built-in types from the facts in builtin-kinds.json. */
import { readFileSync } from "node:fs";

type TypeRef = string | { list: TypeRef } | { map: TypeRef };
type Field = { go: string; pb?: [number: number, wire: string, repeated?: string]; type?: TypeRef };
type Facts = { types: Record<string, { fields: Record<string, Field> }> };

/** Types with a wire form of their own. */
const SPECIAL: Record<string, string> = {
  "meta.v1.Time": "time",
  "meta.v1.MicroTime": "time",
  "resource.Quantity": "quantity",
  "intstr.IntOrString": "intOrString",
  "runtime.RawExtension": "raw",
  "meta.v1.FieldsV1": "raw",
};

/** Go embeds these structs, so their JSON has no field for them; in protobuf they are a message in a field of this number. */
const EMBEDDED: Record<string, [type: string, number: number]> = {
  Volume: ["VolumeSource", 2],
  PersistentVolumeSpec: ["PersistentVolumeSource", 2],
  Probe: ["ProbeHandler", 1],
  EphemeralContainer: ["EphemeralContainerCommon", 1],
  SecretKeySelector: ["LocalObjectReference", 1],
  ConfigMapKeySelector: ["LocalObjectReference", 1],
  SecretEnvSource: ["LocalObjectReference", 1],
  ConfigMapEnvSource: ["LocalObjectReference", 1],
  SecretProjection: ["LocalObjectReference", 1],
  ConfigMapProjection: ["LocalObjectReference", 1],
  ConfigMapVolumeSource: ["LocalObjectReference", 1],
  RuleWithOperations: ["Rule", 2],
  NamedRuleWithOperations: ["RuleWithOperations", 2],
};

const facts = JSON.parse(readFileSync(new URL("./builtin-kinds.json", import.meta.url), "utf8")) as Facts;

function scalar(field: Field, go: string): string {
  if (go === "[]byte" || go === "byte") return "bytes";
  if (go === "bool") return "bool";
  return field.pb?.[1] === "varint" ? "int" : "string";
}

function special(type: string): string | undefined {
  return Object.entries(SPECIAL).find(([suffix]) => type.endsWith(`.${suffix}`))?.[1];
}

/** A reference that is no fact follows from the Go type, which then is in the same package. */
function typeOf(owner: string, ref: TypeRef | undefined, { field, go }: { field: Field; go: string }): string {
  const bare = go.replace(/^\*/, "");
  if (typeof ref === "string" && ref.includes("."))
    return special(ref) ?? (facts.types[ref] ? `@${ref}` : scalar(field, bare));
  const meta = `io.k8s.apimachinery.pkg.apis.meta.v1.${bare.replace(/^metav1\./, "")}`;
  const local = owner.replace(/\w+$/, bare);
  const found = [meta, local].find((candidate) => special(candidate) || facts.types[candidate]);
  return found ? (special(found) ?? `@${found}`) : scalar(field, bare);
}

function entry(owner: string, field: Field): string {
  const { go, type: ref } = field;
  const map = /^map\[\w+\](.+)$/.exec(go);
  if (map || (typeof ref === "object" && "map" in ref)) {
    const value = typeof ref === "object" && "map" in ref ? ref.map : undefined;
    return `{${typeOf(owner, value, { field: { go: "" }, go: map?.[1] ?? "string" })}`;
  }
  const single = /^\*?(bool|string|u?int\d*)$/.test(go);
  if ((field.pb?.[2] === "rep" && !single) || (typeof ref === "object" && "list" in ref)) {
    const item = typeof ref === "object" && "list" in ref ? ref.list : undefined;
    return `[${typeOf(owner, item, { field, go: go.replace(/^\*?\[\]/, "") })}`;
  }
  const type = typeOf(owner, ref, { field, go });
  return go.startsWith("*") && /^(int|bool|string)$/.test(type) ? `*${type}` : type;
}

/**
 * Types by full name; per field number `[json name, type]`. `@` marks a message, `[` a list, `{` a map,
 * `*` a scalar whose zero value counts; an empty name is an embedded message.
 */
export function renderProtobuf(): string {
  const lines = Object.entries(facts.types).flatMap(([type, { fields }]) => {
    const numbered = Object.entries(fields).flatMap(([name, field]) =>
      field.pb ? [[field.pb[0], [name, entry(type, field)]] as const] : [],
    );
    const embedded = EMBEDDED[type.split(".").at(-1) ?? ""];
    if (embedded) numbered.push([embedded[1], ["", `@${type.replace(/\w+$/, embedded[0])}`]]);
    return numbered.length > 0 ? [`${JSON.stringify(type)}:${JSON.stringify(Object.fromEntries(numbered))}`] : [];
  });
  return `{\n${lines.join(",\n")}\n}\n`;
}
