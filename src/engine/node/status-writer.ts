/** Publishes a pod's status: one write at a time, the newest wins, nothing is written twice. */
import { Pod } from "#api/builtin/index.ts";
import type { Pod as PodObject, PodStatus } from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import { hasReason } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";

const RETRY_MS = 1_000;
/** Fields that a merge patch must clear when they are gone. */
const CLEARABLE = ["reason", "message", "podIP", "podIPs"] as const;

export type StatusTarget = { name: string; namespace: string; uid: string };

/** Writes the status of one pod. */
export class StatusWriter {
  private readonly client: KubeClient;
  private readonly target: StatusTarget;
  private readonly onError: (error: unknown) => void;
  private readonly onWritten: (pod: PodObject) => void;
  private wanted: PodStatus | undefined;
  private written: PodStatus | undefined;
  private writing: Promise<void> | undefined;
  /** Of the next try, or of a status that can wait. */
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: {
    client: KubeClient;
    target: StatusTarget;
    onError: (error: unknown) => void;
    onWritten: (pod: PodObject) => void;
  }) {
    this.client = options.client;
    this.target = options.target;
    this.onError = options.onError;
    this.onWritten = options.onWritten;
  }

  /**
   * Resolves when this status, or a newer one, is stored, or a try to store it has failed. With a delay in milliseconds it
   * is stored then, unless a newer one has come, and nobody waits for it.
   */
  publish(status: PodStatus, delayMs = 0): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.wanted = status;
    if (delayMs > 0 && !this.writing && !this.written) {
      this.timer ??= setTimeout(() => void this.publish(this.wanted ?? status), delayMs);
      return Promise.resolve();
    }
    this.disarm();
    this.writing ??= this.drain().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  /** Resolves when what was published last is stored, or a try to store it has failed. */
  async settled(): Promise<void> {
    await this.writing;
  }

  close(): void {
    this.closed = true;
    this.disarm();
  }

  private disarm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async drain(): Promise<void> {
    while (this.wanted && !this.closed && !deepEqual(this.wanted, this.written)) {
      const status = this.wanted;
      try {
        const stored = await this.write(status);
        // The stored one is in memory anyway: an equal one of our own is not kept.
        this.written = deepEqual(stored, status) ? stored : status;
        if (this.wanted === status) this.wanted = this.written;
      } catch (error) {
        if (hasReason(error, "NotFound", "Conflict")) return;
        this.onError(error);
        this.timer = setTimeout(() => void this.publish(this.wanted ?? status), RETRY_MS);
        return;
      }
    }
  }

  /** The status as it is stored. */
  private async write(status: PodStatus): Promise<PodStatus | undefined> {
    const cleared = Object.fromEntries(
      CLEARABLE.filter((field) => status[field] === undefined).map((field) => [field, null]),
    );
    const { uid, ...target } = this.target;
    const body = { metadata: { uid }, status: { ...cleared, ...status } };
    const pod = await this.client.patch(Pod, target, { type: "merge", body }, { subresource: "status" });
    this.onWritten(pod);
    return pod.status;
  }
}
