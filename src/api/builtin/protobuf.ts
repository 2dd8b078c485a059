/** Protobuf field tables of the built-in types, read when the first protobuf body comes. */
import { readFileSync } from "node:fs";

/** By field number: the JSON name and the type. See the generator for the notation of types. */
export type ProtobufFields = { readonly [number: string]: readonly [name: string, type: string] };

let tables: { readonly [type: string]: ProtobufFields } | undefined;

/** The fields of a type by its full name, e.g. `io.k8s.api.core.v1.Pod`; undefined when it is unknown. */
export function protobufFields(type: string): ProtobufFields | undefined {
  tables ??= JSON.parse(readFileSync(new URL("./protobuf.gen.json", import.meta.url), "utf8")) as typeof tables;
  return tables?.[type];
}
