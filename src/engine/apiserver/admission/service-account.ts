/** Pods run as a service account that exists, and pull images with its credentials unless they bring their own. */
import type { Pod, ServiceAccount } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";
import { forbidden } from "#kit/status.ts";
import type { Collection } from "../storage/collection.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { Plugin } from "./gate.ts";
import { mountToken } from "./token-volume.ts";

const DEFAULT = "default";
/** A new namespace gets its default account soon after it is there. */
const WAIT_MS = 1000;

/** Refuses pods of accounts that do not exist, and mounts the account's token into the others. */
export function serviceAccountPlugin(objects: ObjectStore, randomBytes: (length: number) => Uint8Array): Plugin {
  const accounts = objects.collection("", "serviceaccounts");
  return {
    operations: ["CREATE"],
    mutate: async ({ served, target }, draft) => {
      const { spec, metadata } = draft as unknown as Mutable<Pod>;
      if (!spec) return;
      const namespace = target.namespace ?? "";
      const name = spec.serviceAccountName || spec.serviceAccount || DEFAULT;
      const key = `${namespace}/${name}`;
      const entry = objects.latest(accounts, key) ?? (name === DEFAULT ? await arrival(accounts, key) : undefined);
      if (!entry)
        throw forbidden(
          served.id,
          metadata.name,
          `error looking up service account ${key}: serviceaccount "${name}" not found`,
        );
      spec.serviceAccountName = name;
      const account = entry.object as unknown as ServiceAccount;
      const { imagePullSecrets = [] } = account;
      if (!spec.imagePullSecrets?.length && imagePullSecrets.length > 0)
        spec.imagePullSecrets = imagePullSecrets.map((secret) => ({ ...secret }));
      mountToken(spec, account, randomBytes);
    },
  };
}

/** The object once it is there; undefined when it does not come in time. */
function arrival(collection: Collection, key: string): Promise<ReturnType<Collection["get"]>> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop();
      resolve(collection.get(key));
    };
    const timer = setTimeout(end, WAIT_MS);
    const stop = collection.listen(({ entry }) => {
      if (entry.key === key) end();
    });
  });
}
