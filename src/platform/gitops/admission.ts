/** What an application may: its project, and the rights that it is synced with. */
import { AppProject } from "#api/argoproj.io/app-project.ts";
import type { Application } from "#api/argoproj.io/application.ts";
import type { Actor, Context } from "#engine/controller/controller.ts";
import { StatusError } from "#kit/status.ts";
import { identityOfSync, SERVICE_ACCOUNT } from "./identity.ts";
import type { Notice } from "./status.ts";

export type Admission = {
  project: AppProject | undefined;
  /** Whether it has less than the platform's own rights. */
  isLimited: boolean;
  /** Of whom it is synced as; or why there is nobody. */
  actor: Actor | Notice;
};

/** Reads all of it: a change of any of it wakes the application. */
export async function admit(app: Application, context: Context, controlNamespace: string): Promise<Admission> {
  const project = await context.get(AppProject, app.spec.project || "default", controlNamespace);
  const { account, refused } = identityOfSync(app, project, controlNamespace);
  if (refused !== undefined) return { project, isLimited: true, actor: { type: "InvalidSpecError", message: refused } };
  if (!account) return { project, isLimited: false, actor: { client: context.client, rights: "" } };
  const { namespace, name } = account;
  try {
    const actor = await context.actor(account, [namespace, app.spec.destination.namespace || namespace]);
    return { project, isLimited: true, actor };
  } catch (error) {
    if (!(error instanceof StatusError) || error.code >= 500) throw error;
    const advice = `create it, or name another one in annotation ${SERVICE_ACCOUNT}`;
    const message = `failed to get service account [${namespace}/${name}]: ${error.message}: ${advice}`;
    return { project, isLimited: true, actor: { type: "ComparisonError", message } };
  }
}
