/** As whom an Application is synced. Pure. Spec: Argo CD's applications in any namespace, and sync using impersonation. */
import type { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import type { AccountName } from "#engine/controller/controller.ts";
import { IN_CLUSTER, matchesAny } from "./permits.ts";

/** On an Application: the service account of its namespace that it is synced as, and whose pull secrets open the registry. */
export const SERVICE_ACCOUNT = "slipway.dev/service-account";

/** Neither an account nor a refusal: the platform's own rights. */
export type Identity = { account?: AccountName; refused?: string };

/**
 * Applications of the control namespace, and of namespaces that their project lists, are the operators': they have the
 * platform's rights, or those of the account that the project names for the destination. All others have the rights of an
 * account of their own namespace, and only the project `default`.
 */
export function identityOfSync(app: Application, project: AppProject | undefined, controlNamespace: string): Identity {
  const { name, namespace = "", annotations } = app.metadata;
  const { sourceNamespaces = [], destinationServiceAccounts = [] } = project?.spec ?? {};
  const isOperators = namespace === controlNamespace || matchesAny(sourceNamespaces, namespace);
  if (isOperators) return destinationServiceAccounts.length === 0 ? {} : designated(app, destinationServiceAccounts);
  const projectName = app.spec.project || "default";
  if (projectName === "default") return { account: { namespace, name: annotations?.[SERVICE_ACCOUNT] || "default" } };
  return {
    refused: `application '${name}' in namespace '${namespace}' is not permitted to use project '${projectName}': add the namespace to its spec.sourceNamespaces`,
  };
}

type Designation = NonNullable<AppProject["spec"]["destinationServiceAccounts"]>[number];

/** The first entry that fits the destination; its account is `name`, in the destination namespace, or `namespace:name`. */
function designated({ metadata, spec }: Application, entries: readonly Designation[]): Identity {
  const { namespace = "", server = IN_CLUSTER } = spec.destination;
  const found = entries.find(
    (entry) => matchesAny([entry.server], server) && matchesAny([entry.namespace ?? ""], namespace),
  );
  if (!found)
    return { refused: `no matching service account found for destination server ${server} and namespace ${namespace}` };
  const [name = "", home = namespace || metadata.namespace || ""] = found.defaultServiceAccount.split(":", 2).reverse();
  return { account: { namespace: home, name } };
}
