/** Lets a pod object go of which nothing runs any more. */
import { setTimeout as sleep } from "node:timers/promises";
import { Pod } from "#api/builtin/index.ts";
import type { Pod as PodObject } from "#api/builtin/types.gen.ts";
import { hasReason } from "#kit/status.ts";
import type { NodeContext } from "./context.ts";

const RETRY_MS = 1_000;

/** Deletes it; tries again until it is gone, another has its name, or the node is closed. Never rejects. */
export async function deletePod({ client, signal, log }: NodeContext, { metadata }: PodObject): Promise<void> {
  const { name, namespace, uid = "" } = metadata;
  while (!signal.aborted) {
    try {
      await client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, uid });
      return;
    } catch (error) {
      if (hasReason(error, "Conflict")) return;
      log("a finished pod cannot be deleted", { error, pod: `${namespace}/${name}` });
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
