/** The volumes of one pod: made before its first container starts, kept up to date, and taken away with the pod. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigMap, PersistentVolumeClaim, Secret } from "#api/builtin/index.ts";
import type { Pod, ServiceAccountTokenProjection, Volume } from "#api/builtin/types.gen.ts";
import { deepEqual } from "#kit/json.ts";
import type { NodeContext } from "../context.ts";
import { AtomicDirectory } from "./atomic-directory.ts";
import { claimedVolume, claimNameOf } from "./claim.ts";
import { prepareEmptyDir } from "./empty-dir.ts";
import { prepareHostPath } from "./host-path.ts";
import { giveToGroup, onlyUser } from "./ownership.ts";
import { type PayloadInput, payloadOf, referencesOf } from "./payload.ts";
import { PodToken } from "./token.ts";
import { type MountedVolume, VolumeError, type Volumes } from "./volume.ts";

export type PodVolumesOptions = {
  context: NodeContext;
  /** The pod as it is now. */
  pod: () => Pod;
  /** Where volumes on disk and, if there is such a place, those in memory are made. */
  directory: string;
  memoryDirectory: string;
  /** Called when an object has changed for want of which a volume could not be had. */
  onRetry: () => void;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class PodVolumes {
  private readonly options: PodVolumesOptions;
  private readonly ready = new Map<string, MountedVolume>();
  private readonly directories = new Map<string, AtomicDirectory>();
  private readonly tokens = new Map<string, PodToken>();
  private readonly mounted = new Set<string>();
  private readonly stops: (() => void)[] = [];
  private refreshing: Promise<void> | undefined;
  private stale = false;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: PodVolumesOptions) {
    this.options = options;
  }

  /** Where volumes on disk are, a directory each by their names. */
  get directory(): string {
    return this.options.directory;
  }

  /** Makes what is not there yet, but for images: containers bring those. Throws VolumeError, and says so in an event, when a volume cannot be had. */
  async prepare(): Promise<Volumes> {
    const { volumes = [] } = this.options.pod().spec;
    if (this.stops.length === 0) for (const volume of volumes) this.follow(volume);
    const missing = volumes.filter(({ name, image }) => !image && !this.ready.has(name));
    const results = await Promise.allSettled(missing.map((volume) => this.setUp(volume)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
    this.renewTokens();
    return this.ready;
  }

  /** Labels and annotations that the downward API shows may have changed. */
  podChanged(before: Pod): void {
    const { labels, annotations } = this.options.pod().metadata;
    if (deepEqual(labels, before.metadata.labels) && deepEqual(annotations, before.metadata.annotations)) return;
    this.refresh();
  }

  /** Stops following objects and removes the directories; data of claims and host paths stays. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    for (const stop of this.stops.splice(0)) stop();
    await this.refreshing;
    const { context, directory, memoryDirectory } = this.options;
    for (const path of this.mounted) await context.memory?.volumes.unmount(path);
    await Promise.all([directory, memoryDirectory].map((path) => rm(path, { recursive: true, force: true })));
  }

  private async setUp(volume: Volume): Promise<void> {
    try {
      this.ready.set(volume.name, await this.make(volume));
    } catch (error) {
      throw this.failed(volume, error as Error);
    }
  }

  private async make(volume: Volume): Promise<MountedVolume> {
    const { context } = this.options;
    const pod = this.options.pod();
    if (volume.hostPath) {
      await prepareHostPath(volume.hostPath);
      return { path: volume.hostPath.path, readOnly: false };
    }
    if (volume.emptyDir) {
      const path = join(this.options.directory, volume.name);
      const memory = context.memory?.volumes;
      if (await prepareEmptyDir(volume.emptyDir, { path, pod, memory })) this.mounted.add(path);
      await this.give(path, false);
      return { path, readOnly: false };
    }
    if (claimNameOf(volume, pod) !== undefined) {
      const { hasOwner, ...mounted } = await claimedVolume(volume, pod, context.client);
      if (hasOwner) await this.give(mounted.path, mounted.readOnly);
      return mounted;
    }
    return { path: await this.publish(volume), readOnly: true };
  }

  /** Writes the files of a volume that is made of objects; returns its directory. */
  private async publish(volume: Volume): Promise<string> {
    const { context, directory, memoryDirectory } = this.options;
    const files = await payloadOf(volume, this.input());
    if (!files) {
      const kind = Object.keys(volume).find((key) => key !== "name") ?? "none";
      throw new VolumeError(`volumes of type ${kind} are not supported by this node`);
    }
    const path = join(isPrivate(volume) ? memoryDirectory : directory, volume.name);
    const known = this.directories.get(volume.name);
    const atomic =
      known ?? new AtomicDirectory({ path, clock: context.clock, prepare: (version) => this.give(version, true) });
    this.directories.set(volume.name, atomic);
    await atomic.publish(files);
    return path;
  }

  private input(): PayloadInput {
    const { context } = this.options;
    const pod = this.options.pod();
    const { configMap, secret } = context.references;
    const token = (owner: Pod, projection: ServiceAccountTokenProjection) =>
      this.tokenOf(owner, projection).current(owner, projection);
    return { pod, sources: { configMap, secret, token }, nodeName: context.nodeName, user: onlyUser(pod) };
  }

  private tokenOf(pod: Pod, projection: ServiceAccountTokenProjection): PodToken {
    const key = `${projection.audience ?? ""} ${projection.expirationSeconds ?? ""}`;
    const { client, clock } = this.options.context;
    const known = this.tokens.get(key) ?? new PodToken({ client, clock, jitter: fractionOf(pod.metadata.uid ?? "") });
    this.tokens.set(key, known);
    return known;
  }

  private async give(path: string, readOnly: boolean): Promise<void> {
    const { fsGroup: gid, fsGroupChangePolicy } = this.options.pod().spec.securityContext ?? {};
    const onlyOnMismatch = fsGroupChangePolicy === "OnRootMismatch";
    if (gid !== undefined) await giveToGroup(path, { gid, readOnly, onlyOnMismatch });
  }

  private follow(volume: Volume): void {
    const { context } = this.options;
    const pod = this.options.pod();
    const { namespace = "" } = pod.metadata;
    const watch = (resource: typeof ConfigMap | typeof Secret | typeof PersistentVolumeClaim, name: string): void => {
      const listener = (): void => (this.ready.has(volume.name) ? this.refresh() : this.options.onRetry());
      this.stops.push(context.watch.follow(resource, namespace, name, listener));
    };
    for (const { kind, name } of referencesOf(volume)) watch(kind === "Secret" ? Secret : ConfigMap, name);
    const claim = claimNameOf(volume, pod);
    if (claim !== undefined) watch(PersistentVolumeClaim, claim);
  }

  /** Brings the files up to date soon, once however often it is called until then. */
  private refresh(): void {
    if (this.closed) return;
    this.stale = true;
    this.refreshing ??= this.refreshAll().finally(() => {
      this.refreshing = undefined;
    });
  }

  private async refreshAll(): Promise<void> {
    while (this.stale && !this.closed) {
      this.stale = false;
      const { volumes = [] } = this.options.pod().spec;
      for (const volume of volumes.filter(({ name }) => this.directories.has(name) && this.ready.has(name)))
        await this.publish(volume).catch((error: Error) => this.failed(volume, error));
    }
    this.renewTokens();
  }

  private renewTokens(): void {
    clearTimeout(this.timer);
    const times = [...this.tokens.values()].flatMap(({ renewAt }) => renewAt ?? []);
    if (times.length === 0 || this.closed) return;
    const wait = Math.min(...times) - this.options.context.clock().getTime();
    this.timer = setTimeout(() => this.refresh(), Math.min(Math.max(wait, 1_000), LONGEST_TIMER_MS)).unref();
  }

  private failed(volume: Volume, cause: Error): VolumeError {
    const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${cause.message}`;
    this.options.context.events.record(this.options.pod(), "Warning", "FailedMount", message);
    return new VolumeError(message, { cause });
  }
}

/** What must not reach a disk. */
function isPrivate({ secret, projected }: Volume): boolean {
  return secret !== undefined || projected !== undefined;
}

/** A number from 0 to 1 that stays the same for a text. */
function fractionOf(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) / 2 ** 32;
}
