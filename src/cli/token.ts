/** Tokens of the account that may push to the platform's Git and registry. */
import type { KubeClient } from "#ports/kube/client.ts";

const PUBLISHER = { namespace: "slipway-system", name: "publisher" };

/** A token that is valid for so many seconds. */
export async function publisherToken(client: KubeClient, seconds: number): Promise<string> {
  const answer = (await client.transport.request({
    method: "POST",
    path: `/api/v1/namespaces/${PUBLISHER.namespace}/serviceaccounts/${PUBLISHER.name}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: seconds },
    },
  })) as { status: { token: string } };
  return answer.status.token;
}
