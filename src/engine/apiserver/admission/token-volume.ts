/** The volume by which programs in a pod reach the API: token, certificate authority and namespace. */
import type { Pod, ServiceAccount, Volume } from "#api/builtin/types.gen.ts";
import type { Mutable } from "#kit/json.ts";

/** Where client libraries look. */
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** An hour, and a little by which tokens that were asked for this way can be told. */
const EXPIRATION_SECONDS = 3607;
const MODE = 0o644;
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH = 5;

/** Mounts the account's token into every container that mounts nothing there, unless the pod or its account forbids it. */
export function mountToken(
  spec: NonNullable<Mutable<Pod>["spec"]>,
  account: ServiceAccount,
  randomBytes: (length: number) => Uint8Array,
): void {
  if (!(spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)) return;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH),
  );
  if (containers.length === 0) return;
  const name = `kube-api-access-${suffix(randomBytes)}`;
  spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
  for (const container of containers)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
}

function tokenVolume(name: string): Mutable<Volume> {
  return {
    name,
    projected: {
      defaultMode: MODE,
      sources: [
        { serviceAccountToken: { expirationSeconds: EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
}

function suffix(randomBytes: (length: number) => Uint8Array): string {
  return [...randomBytes(SUFFIX_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
