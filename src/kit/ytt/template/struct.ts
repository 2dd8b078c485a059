/** Values with named fields that cannot change, like `data.values`. */
import { Fault } from "../errors.ts";
import { MappingObj, typeOf, type Value, type Walk, walkArray } from "../starlark/values.ts";

export class Struct extends MappingObj {
  readonly type: string;
  readonly fields: ReadonlyMap<string, Value>;
  /** Why values of this type do not become YAML; undefined when they do. */
  readonly refusal: string | undefined;

  constructor(fields: ReadonlyMap<string, Value>, special?: { readonly type: string; readonly refusal?: string }) {
    super();
    this.fields = fields;
    this.type = special?.type ?? "struct";
    this.refusal = special?.refusal;
  }

  override truth(): boolean {
    return this.fields.size > 0;
  }

  override length(): number {
    return this.fields.size;
  }

  override attribute(name: string): Value | undefined {
    return this.fields.get(name);
  }

  override attributeNames(): string[] {
    return [...this.fields.keys()];
  }

  get(key: Value): Value | undefined {
    if (typeof key !== "string") throw new Fault(`expected a string, but was ${typeOf(key)}`);
    return this.fields.get(key);
  }

  entries(): [Value, Value][] {
    return [...this.fields];
  }

  override walk(): Walk {
    return walkArray([...this.fields.keys()]);
  }

  override hashKey(): string {
    throw new Fault("unhashable type: struct");
  }

  write(): string {
    return "struct(...)";
  }
}
