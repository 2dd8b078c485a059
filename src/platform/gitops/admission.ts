/** What an application may: its project, and the rights that it is synced with. */
import { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import type { AccountName, Actor, Context } from "#engine/controller/controller.ts";
import { StatusError } from "#kit/status.ts";
import { identityOfSync, SERVICE_ACCOUNT } from "./identity.ts";

export type Admission = {
  project: AppProject | undefined;
  /** Why there can be no sync at all. */
  refused?: string;
  /** Whose rights it has; undefined for the platform's own. */
  account?: AccountName;
  actor?: Actor;
  /** Why there is no actor although there is to be one. */
  why?: string;
};

/** Reads all of it: a change of any of it wakes the application. */
export async function admit(app: Application, context: Context, controlNamespace: string): Promise<Admission> {
  const project = await context.get(AppProject, app.spec.project || "default", controlNamespace);
  const { account, refused } = identityOfSync(app, project, controlNamespace);
  if (refused !== undefined) return { project, refused };
  if (!account) return { project };
  const { namespace, name } = account;
  try {
    const actor = await context.actor(account, [namespace, app.spec.destination.namespace || namespace]);
    return { project, account, actor };
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    const advice = `create it, or name another one in annotation ${SERVICE_ACCOUNT}`;
    const why = `failed to get service account [${namespace}/${name}]: ${error.message}: ${advice}`;
    return { project, account, why };
  }
}
