/** Default objects: what a platform has before anybody applies anything. */
import { Namespace } from "#api/builtin/index.ts";
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { LOCAL_PROVISIONER } from "#engine/node/storage/provisioner.ts";
import { defaultBuilder } from "#platform/build/index.ts";
import { stockConventions } from "#platform/convention/index.ts";
import { developerRoles, stampingBindings } from "#platform/namespaces/index.ts";
import { type CatalogValues, catalog } from "#platform/supply/index.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { GITOPS_NAMESPACE, PUBLISHER } from "./access.ts";
import { DECLARED_KINDS } from "./resources.ts";

const DEFINITION: ResourceRef = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  scope: "Cluster",
};

/** Brings the CustomResourceDefinitions up to date; one that is as it should be is not written. */
export async function applyDefinitions(client: KubeClient): Promise<void> {
  await Promise.all(
    DECLARED_KINDS.map((resource) =>
      client.apply(DEFINITION, toCustomResourceDefinition(resource) as Draft<Unstructured>),
    ),
  );
}

export type DefaultValues = { registryHost: string } & Pick<CatalogValues, "gitopsRepository" | "externalDelivery">;

/** Applies the default objects; those that are unchanged are not written. */
export async function applyDefaults(client: KubeClient, { registryHost, ...delivery }: DefaultValues): Promise<void> {
  for (const name of [PUBLISHER.namespace, GITOPS_NAMESPACE])
    await apply(client, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const objects: Unstructured[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: PUBLISHER },
    LOCAL_STORAGE,
    ...defaultBuilder(),
    ...stockConventions(),
    ...developerRoles(),
    ...catalog({ registry: { server: registryHost, repository: "workloads" }, ...delivery }),
  ];
  await Promise.all(objects.map((object) => apply(client, object)));
  await createOnce(client, OPEN_PROJECT);
  await openDefaultNamespace(client);
}

/** Claims that name no class get a directory of the machine on which their first pod runs. */
const LOCAL_STORAGE = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: LOCAL_PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
};

/** Argo CD's default project permits everything until it is edited. */
const OPEN_PROJECT: Unstructured = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  metadata: { name: "default", namespace: GITOPS_NAMESPACE },
  spec: {
    sourceRepos: ["*"],
    destinations: [{ server: "*", namespace: "*" }],
    clusterResourceWhitelist: [{ group: "*", kind: "*" }],
  },
};

/** On the namespace `default`: it has been opened once, and is the operator's since. */
const OPENED = "slipway.dev/opened";

/** Lets workloads be stamped in the namespace `default`. What the operator changes or deletes there later stays so. */
async function openDefaultNamespace(client: KubeClient): Promise<void> {
  const name = "default";
  const namespace = await client.get(Namespace, name);
  if (namespace?.metadata.annotations?.[OPENED] !== undefined) return;
  for (const binding of stampingBindings(name)) await createOnce(client, binding);
  const body = { metadata: { annotations: { [OPENED]: "true" } } };
  await client.patch(Namespace, { name }, { type: "merge", body }, { fieldManager: "slipway-defaults" });
}

/** Creates what is not there, and leaves what is there as it is. */
async function createOnce(client: KubeClient, object: Unstructured): Promise<void> {
  const resource = await client.resourceFor(object.apiVersion, object.kind);
  const { name, namespace } = object.metadata;
  if (await client.get(resource, name, namespace)) return;
  await client.create(resource, object as Draft<Unstructured>, { fieldManager: "slipway-defaults" });
}

async function apply(client: KubeClient, object: Unstructured): Promise<void> {
  await client.apply(await client.resourceFor(object.apiVersion, object.kind), object as Draft<Unstructured>, {
    fieldManager: "slipway-defaults",
  });
}
