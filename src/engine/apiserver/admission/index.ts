/** Admission: what checks and changes writes besides their schema. Writes that nothing concerns pay for one look-up. */
import { type Authorizer, RBAC_GROUP } from "../auth/authorizer.ts";
import type { Registry } from "../resources/registry.ts";
import type { ObjectStore } from "../storage/objects.ts";
import type { ResourceRequest } from "../wire/request.ts";
import { claimResizePlugin } from "./claim-resize.ts";
import { createWebhookClient, type Dial, type ResolveService } from "./client.ts";
import { type Dispatch, webhookGate } from "./dispatch.ts";
import { bindingPlugin, rolePlugin } from "./escalation.ts";
import type { Admission, Gate, Operation, Plugin } from "./gate.ts";
import { Hooks } from "./hooks.ts";
import { claimLimits, podLimits } from "./limits/index.ts";
import { podPlugin } from "./pods.ts";
import { serviceResolver } from "./services.ts";
import { approvalPlugin, requesterPlugin, signingPlugin } from "./signing-requests.ts";

export type AdmissionOptions = {
  objects: ObjectStore;
  registry: Registry;
  access: Authorizer;
  randomBytes: (length: number) => Uint8Array;
  /** Default: the endpoints of Service objects. */
  resolveService: ResolveService | undefined;
  /** How pods are connected to, once that is known. */
  dial: () => Dial | undefined;
  /** Whether namespaces have service accounts, which pods then need. */
  controllers: boolean;
};

/** Admission over the webhook configurations of the server itself, and the checks that are built in. */
export function createAdmission({
  objects,
  registry,
  access,
  randomBytes,
  resolveService,
  dial,
  controllers,
}: AdmissionOptions): Admission {
  const hooks = new Hooks(objects, registry);
  const client = createWebhookClient(resolveService ?? serviceResolver(objects), dial);
  const dispatch: Dispatch = { client, objects, randomBytes };
  const plugins: { readonly [resource: string]: readonly Plugin[] } = {
    "/persistentvolumeclaims": [claimLimits(objects), claimResizePlugin(objects)],
    "/pods/resize": [podLimits(objects, "UPDATE")],
    "/pods": [podLimits(objects, "CREATE"), podPlugin(objects, controllers ? randomBytes : undefined)],
    "certificates.k8s.io/certificatesigningrequests": [requesterPlugin()],
    "certificates.k8s.io/certificatesigningrequests/approval": [approvalPlugin(access)],
    "certificates.k8s.io/certificatesigningrequests/status": [signingPlugin(access)],
    [`${RBAC_GROUP}/roles`]: [rolePlugin(access)],
    [`${RBAC_GROUP}/clusterroles`]: [rolePlugin(access)],
    [`${RBAC_GROUP}/rolebindings`]: [bindingPlugin(access)],
    [`${RBAC_GROUP}/clusterrolebindings`]: [bindingPlugin(access)],
  };
  const gate = (request: ResourceRequest, operation: Operation): Gate | undefined => {
    const { served, target } = request;
    const { group, plural } = served.facts;
    const builtin = plugins[[group, plural, target.subresource ?? []].flat().join("/")] ?? [];
    const gates = builtin
      .filter(({ operations }) => operations.includes(operation))
      .map((plugin) => pluginGate(plugin, request));
    const matches = hooks.find(served, target.subresource, operation);
    if (matches) gates.push(webhookGate(matches, { request, operation }, dispatch));
    return gates.length > 0 ? gates.reduce(inSequence) : undefined;
  };
  return {
    gate,
    concerns: ({ served, target }) =>
      (["CREATE", "UPDATE"] as const).some((operation) => hooks.find(served, target.subresource, operation)),
    close: () => client.close(),
  };
}

function pluginGate(plugin: Plugin, request: ResourceRequest): Gate {
  return {
    mutate: async (draft, current) => {
      await plugin.mutate?.(request, draft, current);
      return draft;
    },
    validate: async (draft, current) => {
      if (draft) plugin.validate?.(request, draft, current);
    },
  };
}

function inSequence(first: Gate, second: Gate): Gate {
  return {
    mutate: async (draft, current) => second.mutate(await first.mutate(draft, current), current),
    validate: async (draft, current) => {
      await first.validate(draft, current);
      await second.validate(draft, current);
    },
  };
}
