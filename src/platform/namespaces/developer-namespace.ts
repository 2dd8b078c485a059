/** Reconciles namespaces: one labelled `apps.tanzu.vmware.com/tap-ns` has what workloads need, until the label goes. */
import { Namespace, Secret, ServiceAccount } from "#api/builtin/index.ts";
import type * as k8s from "#api/builtin/types.gen.ts";
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { type Context, controller } from "#engine/controller/controller.ts";
import { type Outcome, settled } from "#engine/controller/outcome.ts";
import type { Draft } from "#ports/kube/client.ts";
import { type Desired, desiredObjects, draftOf, REGISTRIES_CREDENTIALS, SERVICE_ACCOUNT } from "./desired.ts";
import { type NamespaceParams, parseParams } from "./params.ts";

const NAME = "namespaces/developer-namespace";
const LABEL = "apps.tanzu.vmware.com/tap-ns";
/** On a namespace that was provisioned, so that the end of the label is noticed, also after a restart. */
const PROVISIONED = "slipway.dev/developer-namespace";
/** On registry Secrets of the control namespace that all developer namespaces get. */
const SHARED = { "slipway.dev/share-with": "developer-namespaces" };
const CONTROL_NAMESPACE = "slipway-system";

/** What somebody made under one of the names before stays as it is; what was provisioned and then changed stays when the label goes. */
export const developerNamespaceController = controller({
  name: NAME,
  for: Namespace,
  async reconcile(namespace, context): Promise<Outcome<Record<never, never>>> {
    const { metadata } = namespace;
    const isProvisioned = metadata.annotations?.[PROVISIONED] !== undefined;
    if (metadata.labels?.[LABEL] !== undefined) {
      if (!isProvisioned) await mark(namespace, "true", context);
      await provision(namespace, context);
    } else if (isProvisioned) {
      await withdraw(namespace, context);
      await mark(namespace, null, context);
    }
    return settled();
  },
});

async function mark({ metadata }: k8s.Namespace, value: "true" | null, context: Context): Promise<void> {
  const body = { metadata: { annotations: { [PROVISIONED]: value } } };
  await context.patch(Namespace, { name: metadata.name ?? "" }, body);
}

async function provision({ metadata }: k8s.Namespace, context: Context): Promise<void> {
  const { name: namespace = "" } = metadata;
  const params = parseParams(metadata);
  const shared = await context.list(Secret, { namespace: CONTROL_NAMESPACE, labels: SHARED });
  for (const desired of desiredObjects(namespace, params, shared)) {
    const live = await find(desired, namespace, context);
    if (!desired.content) await remove(desired, live, context);
    else if (!live || isOurs(live))
      await context.apply(desired.resource, draftOf(desired, namespace) as Draft<unknown>, { owned: false });
  }
  await equipAccount(namespace, params, context);
}

async function withdraw({ metadata }: k8s.Namespace, context: Context): Promise<void> {
  const { name: namespace = "" } = metadata;
  for (const desired of desiredObjects(namespace, parseParams(metadata), []))
    await remove(desired, await find(desired, namespace, context), context);
  const account = await context.get(ServiceAccount, SERVICE_ACCOUNT, namespace);
  if (account && isOurs(account as Managed))
    await context.apply(ServiceAccount, { metadata: { name: SERVICE_ACCOUNT, namespace } }, { owned: false });
}

/** The account keeps what others gave it; a list of pull secrets that somebody else wrote is left alone. */
async function equipAccount(namespace: string, params: NamespaceParams, context: Context): Promise<void> {
  const live = await context.get(ServiceAccount, SERVICE_ACCOUNT, namespace);
  const references = (names: readonly string[]) =>
    [...new Set([REGISTRIES_CREDENTIALS, ...names])].map((name) => ({ name }));
  const entries = (live as Managed | undefined)?.metadata.managedFields ?? [];
  const owners = entries.filter(({ fieldsV1 = {} }) => "f:imagePullSecrets" in fieldsV1).map(({ manager }) => manager);
  const isTaken = owners.length > 0 ? owners.some((manager) => manager !== NAME) : live?.imagePullSecrets?.length;
  const draft = {
    metadata: { name: SERVICE_ACCOUNT, namespace },
    secrets: references(params.secrets),
    ...(!isTaken && { imagePullSecrets: references(params.imagePullSecrets) }),
  };
  await context.apply(ServiceAccount, draft as Draft<k8s.ServiceAccount>, { owned: false });
}

type Managed = { metadata: Pick<ObjectMeta, "managedFields"> };

function find({ resource, name }: Desired, namespace: string, context: Context): Promise<Unstructured | undefined> {
  return context.get(resource, name, namespace) as Promise<Unstructured | undefined>;
}

/** Deletes what is ours alone. */
async function remove({ resource, name }: Desired, live: Unstructured | undefined, context: Context): Promise<void> {
  if (!live || !isOurs(live)) return;
  const { namespace } = live.metadata;
  if (others(live).length === 0) await context.delete(resource, { name, namespace });
  else context.event("Normal", "ProvisionedObjectKept", `${live.kind} ${name} was changed by others: it stays`);
}

function isOurs({ metadata }: Managed): boolean {
  return (metadata.managedFields ?? []).some(({ manager }) => manager === NAME);
}

function others({ metadata }: Managed): NonNullable<ObjectMeta["managedFields"]> {
  return (metadata.managedFields ?? []).filter(({ manager }) => manager !== NAME);
}
