/** Bearer tokens of service accounts: TokenRequests, each asked again when half of the token's life is over. */
import type { Account, Transport } from "./transport.ts";

type Held = { token: Promise<string>; renewAt: number };

const LIFE_SECONDS = 2 * 60 * 60;

/** The tokens that one client has of the accounts it acts as, by uid. */
export class AccountTokens {
  private readonly request: Transport["request"];
  private readonly clock: () => Date;
  private readonly held = new Map<string, Held>();

  constructor(request: Transport["request"], clock: () => Date) {
    this.request = request;
    this.clock = clock;
  }

  /** A token that is good for an hour at least. Throws NotFound when there is no such account. */
  async of(account: Account): Promise<string> {
    const now = this.clock().getTime();
    const known = this.held.get(account.uid);
    if (known && known.renewAt > now) return await known.token;
    for (const [uid, { renewAt }] of this.held) if (renewAt <= now) this.held.delete(uid);
    const held = { token: this.ask(account), renewAt: now + (LIFE_SECONDS * 1000) / 2 };
    this.held.set(account.uid, held);
    held.token.catch(() => this.held.delete(account.uid));
    return await held.token;
  }

  private async ask({ namespace, name }: Account): Promise<string> {
    const answer = (await this.request({
      method: "POST",
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: LIFE_SECONDS },
      },
    })) as { status: { token: string } };
    return answer.status.token;
  }
}
