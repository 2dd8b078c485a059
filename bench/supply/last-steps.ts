/** Follows what the last steps of all workloads stamp, without ever looking at all of it. */
import type { ConfigMap } from "#api/builtin/types.gen.ts";
import { keyOf, type Unstructured } from "#api/meta.ts";
import type { Informer } from "#engine/controller/informer.ts";

type Wanted = { value: string; resolve: () => void };

export class LastSteps {
  private readonly marks = new Map<string, string>();
  private readonly counts = new Map<string, number>();
  private readonly values = new Map<string, Wanted>();
  private readonly totals = new Map<string, { count: number; resolve: () => void }>();
  readonly close: () => void;

  /** `suffix`: how the names of what last steps stamp end. */
  constructor(informer: Informer<ConfigMap>, suffix: string) {
    this.close = informer.subscribe(({ type, object }) => {
      if (type !== "DELETED" && object.metadata.name.endsWith(suffix)) this.note(object);
    });
  }

  /** Resolves when what has this `namespace/name` has this value. To be called before the change. */
  value(key: string, value: string): Promise<void> {
    return new Promise((resolve) => this.values.set(key, { value, resolve }));
  }

  /** Resolves when so many have this mark. To be called before the change. */
  mark(mark: string, count: number): Promise<void> {
    return new Promise((resolve) => this.totals.set(mark, { count, resolve }));
  }

  private note(object: ConfigMap): void {
    const key = keyOf(object as unknown as Unstructured);
    const { value, chain: mark = "" } = object.data ?? {};
    const wanted = this.values.get(key);
    if (wanted && wanted.value === value) wanted.resolve();
    const before = this.marks.get(key);
    if (before === mark) return;
    if (before !== undefined) this.counts.set(before, (this.counts.get(before) ?? 0) - 1);
    this.marks.set(key, mark);
    const count = (this.counts.get(mark) ?? 0) + 1;
    this.counts.set(mark, count);
    const total = this.totals.get(mark);
    if (total && total.count === count) total.resolve();
  }
}
