/** Who may what: pushing to Git and to the registry is for holders of a token of the publisher account, and cluster admins. */
import type { ApiServer } from "#engine/apiserver/start.ts";

/** The service account whose tokens `slipway token` prints. */
export const PUBLISHER = { namespace: "slipway-system", name: "publisher" } as const;

/** The namespace of operators: Applications in it are synced with the platform's own rights, within their AppProject. */
export const GITOPS_NAMESPACE = "argocd";

const PUBLISHER_USER = `system:serviceaccount:${PUBLISHER.namespace}:${PUBLISHER.name}`;

export type Action = "read" | "write";

/** Decides by an Authorization header: Bearer, or Basic with the token as password. Reading is open to all. */
export function accessByToken(api: Pick<ApiServer, "authenticateToken">) {
  return async (authorization: string | undefined, action: Action): Promise<boolean> => {
    if (action === "read") return true;
    const token = tokenOf(authorization);
    const user = token && (await api.authenticateToken(token));
    return Boolean(user && (user.username === PUBLISHER_USER || user.groups.includes("system:masters")));
  };
}

function tokenOf(authorization = ""): string | undefined {
  const [scheme = "", value = ""] = authorization.split(/ +/, 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const decoded = Buffer.from(value, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}
