/** The Services that name a Route inside the cluster: one per Route and one per tag, all leading to the gateway. Pure. */
import type * as k8s from "#api/builtin/types.gen.ts";
import type { Ingress as KIngress } from "#api/networking.internal.knative.dev/ingress.ts";
import { LABELS, type Route } from "#api/serving.knative.dev/index.ts";
import type { Draft } from "#ports/kube/client.ts";
import { taggedName } from "../names.ts";
import { type ResolvedTarget, tagsOf } from "./targets.ts";

/** None until the gateway has said, in the KIngress, by which name pods reach it. */
export function placeholdersOf(
  { metadata }: Route,
  targets: readonly ResolvedTarget[],
  { status }: KIngress,
): Draft<k8s.Service>[] {
  const { name, namespace } = metadata;
  const externalName = status?.privateLoadBalancer?.ingress?.find(
    ({ domainInternal }) => domainInternal,
  )?.domainInternal;
  if (!externalName) return [];
  const labels = { [LABELS.route]: name };
  const names = [name, ...[...tagsOf(targets).keys()].map((tag) => taggedName(tag, name))];
  return names.map((placeholder) => ({
    metadata: { name: placeholder, ...(namespace && { namespace }), labels },
    spec: { type: "ExternalName", externalName, ports: [{ name: "http2", port: 80, targetPort: 80 }] },
  }));
}
