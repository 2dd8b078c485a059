/** Default objects: what a platform has before anybody applies anything. */
import { toCustomResourceDefinition } from "#api/crd.ts";
import type { ResourceRef, Unstructured } from "#api/meta.ts";
import { LOCAL_PROVISIONER } from "#engine/node/storage/provisioner.ts";
import { defaultBuilder } from "#platform/build/index.ts";
import { stockConventions } from "#platform/convention/index.ts";
import { developerRoles } from "#platform/namespaces/index.ts";
import { type CatalogValues, catalog } from "#platform/supply/index.ts";
import type { Draft, KubeClient } from "#ports/kube/client.ts";
import { PUBLISHER } from "./access.ts";
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
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: PUBLISHER.namespace } };
  await apply(client, namespace);
  const objects: Unstructured[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: PUBLISHER },
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AppProject",
      metadata: { name: "default", namespace: "default" },
      spec: OPEN_PROJECT,
    },
    LOCAL_STORAGE,
    ...defaultBuilder(),
    ...stockConventions(),
    ...developerRoles(),
    ...catalog({ registry: { server: registryHost, repository: "workloads" }, ...delivery }),
  ];
  await Promise.all(objects.map((object) => apply(client, object)));
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
const OPEN_PROJECT = {
  sourceRepos: ["*"],
  destinations: [{ server: "*", namespace: "*" }],
  clusterResourceWhitelist: [{ group: "*", kind: "*" }],
};

async function apply(client: KubeClient, object: Unstructured): Promise<void> {
  await client.apply(await client.resourceFor(object.apiVersion, object.kind), object as Draft<Unstructured>, {
    fieldManager: "slipway-defaults",
  });
}
