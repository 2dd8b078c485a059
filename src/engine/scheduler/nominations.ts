/** Which waiting pods were promised room, and where. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { type Nomination, priorityOf } from "./fit.ts";

export class Nominations {
  private readonly byUid = new Map<string, Nomination>();

  list(): Nomination[] {
    return [...this.byUid.values()];
  }

  /** Promises the node; without one, what was promised is forgotten. */
  set(pod: Pod, nodeName: string | undefined): void {
    const { uid = "" } = pod.metadata;
    if (nodeName) this.byUid.set(uid, { pod, nodeName });
    else this.byUid.delete(uid);
  }

  /** Pods that were promised the same node and are less important: there may be no room for them any more. */
  below(pod: Pod, nodeName: string): Pod[] {
    const others = this.list().filter((one) => one.nodeName === nodeName);
    return others.map((one) => one.pod).filter((other) => priorityOf(other) < priorityOf(pod));
  }
}
