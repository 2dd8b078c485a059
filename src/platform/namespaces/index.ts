/** Developer namespaces: a label on a namespace gives it what workloads need. */
import type { Controller } from "#engine/controller/controller.ts";
import { developerNamespaceController } from "./developer-namespace.ts";

export { stampingBindings } from "./desired.ts";
export { developerRoles } from "./roles.ts";

/** The controllers of this component. */
export function namespaceControllers(): Controller<never>[] {
  return [developerNamespaceController as unknown as Controller<never>];
}
