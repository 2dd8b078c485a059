/** Tokens of service accounts for pods: asked for when a pod starts, and renewed long before they expire. */
import { ServiceAccount } from "#api/builtin/index.ts";
import type { AuthenticationV1TokenRequest, Pod, ServiceAccountTokenProjection } from "#api/builtin/types.gen.ts";
import { type KubeClient, pathOf } from "#ports/kube/client.ts";

const DEFAULT_SECONDS = 3600;
const LONGEST_AGE_MS = 24 * 3600 * 1000;
const LONGEST_JITTER_MS = 10_000;
/** The part of its life after which a token is replaced. */
const RENEW_AT = 0.8;

type Issued = { token: string; renewAt: number; expiresAt: number };

/** The token of one projection of one pod. */
export class PodToken {
  private readonly client: KubeClient;
  private readonly clock: () => Date;
  private readonly jitter: number;
  private issued: Issued | undefined;

  /** `jitter`: from 0 to 1, spreads the renewals of many pods. */
  constructor(options: { client: KubeClient; clock: () => Date; jitter: number }) {
    this.client = options.client;
    this.clock = options.clock;
    this.jitter = options.jitter;
  }

  /** When the token should be asked for again, in milliseconds; undefined before there is one. */
  get renewAt(): number | undefined {
    return this.issued?.renewAt;
  }

  /** The current token. One that cannot be renewed is given out as long as it is valid. Throws StatusError. */
  async current(pod: Pod, source: ServiceAccountTokenProjection): Promise<string> {
    const now = this.clock().getTime();
    const { issued } = this;
    if (issued && now < issued.renewAt) return issued.token;
    try {
      this.issued = await this.request(pod, source);
    } catch (error) {
      if (!issued || now >= issued.expiresAt) throw error;
      this.issued = { ...issued, renewAt: now + LONGEST_JITTER_MS };
    }
    return this.issued.token;
  }

  private async request(pod: Pod, { audience, expirationSeconds }: ServiceAccountTokenProjection): Promise<Issued> {
    const { name, namespace, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName || "default";
    const now = this.clock().getTime();
    const answer = (await this.client.transport.request({
      method: "POST",
      path: pathOf(ServiceAccount, namespace, account, "token"),
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: audience ? [audience] : [],
          expirationSeconds: expirationSeconds ?? DEFAULT_SECONDS,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      },
    })) as AuthenticationV1TokenRequest;
    const { token = "", expirationTimestamp = "" } = answer.status ?? {};
    const expiresAt = Date.parse(expirationTimestamp);
    const age = Math.min((expiresAt - now) * RENEW_AT, LONGEST_AGE_MS);
    return { token, expiresAt, renewAt: now + Math.max(age - this.jitter * LONGEST_JITTER_MS, 0) };
  }
}
