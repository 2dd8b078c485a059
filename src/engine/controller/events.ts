/**
 * Records events: equal ones are counted in one object, many alike are summed up, floods are cut off. Events wait for
 * everything else: a component writes one at a time, and what happens again meanwhile is written once.
 */
import { Event } from "#api/builtin/index.ts";
import { hasReason } from "#kit/status.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import type { EventType } from "./controller.ts";
import { Correlator, type Sighting } from "./correlator.ts";

/** The object that an event is about. */
export type Subject = {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
  uid?: string | undefined;
  resourceVersion?: string | undefined;
  /** The part of the object that it is about, e.g. `spec.containers{web}`. */
  fieldPath?: string | undefined;
};

export type RecorderOptions = {
  client: KubeClient;
  /** Who says it: `source.component`. */
  component: string;
  /** The node on which it happens: `source.host`. */
  host?: string;
  clock: () => Date;
  /** An event that could not be written; nobody waits for it. */
  onError: (error: unknown) => void;
};

const LONGEST_MESSAGE = 1024;
/** So many events may wait to be written; beyond that, new ones are dropped. */
const LONGEST_QUEUE = 10_000;
/** In a millisecond. */
const NANOSECONDS = 1_000_000;

type Told = { subject: Subject; type: EventType; reason: string; time: Date };

/** Writes the events of one component. */
export class EventRecorder {
  private readonly options: RecorderOptions;
  private readonly correlator = new Correlator();
  private readonly waiting = new Map<Sighting, Told>();
  private isWriting = false;
  private number: number;

  constructor(options: RecorderOptions) {
    this.options = options;
    // two components that speak of one object at the same time
    this.number = [...options.component].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % NANOSECONDS, 0);
  }

  /** Takes note of what happened to `subject`; the event is written in the background. */
  record(subject: Subject, type: EventType, reason: string, message: string): void {
    const now = this.options.clock();
    const about = [subject.apiVersion, subject.kind, subject.namespace, subject.name, subject.uid].join("/");
    const kind = [type, reason, ...(subject.fieldPath ? [subject.fieldPath] : [])].join("/");
    const sighting = this.correlator.observe({ subject: about, kind, message }, now);
    if (!sighting) return;
    if (this.waiting.size >= LONGEST_QUEUE && !this.waiting.has(sighting)) {
      this.options.onError(new Error(`${LONGEST_QUEUE} events wait already: ${reason} of ${about} is dropped`));
      return;
    }
    this.waiting.set(sighting, { subject, type, reason, time: now });
    if (!this.isWriting) void this.writeAll();
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    for (const [sighting, told] of this.waiting) {
      this.waiting.delete(sighting);
      await this.write(sighting, told).catch(this.options.onError);
    }
    this.isWriting = false;
  }

  private async write(sighting: Sighting, { subject, type, reason, time }: Told): Promise<void> {
    const namespace = subject.namespace ?? "default";
    const { message, count, first, name } = sighting;
    const news = { message: message.slice(0, LONGEST_MESSAGE), count, lastTimestamp: timestamp(time) };
    if (name) {
      try {
        await this.options.client.patch(Event, { name, namespace }, { type: "merge", body: news });
        return;
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
      }
    }
    const { client, component, host } = this.options;
    const draft = {
      metadata: { name: this.newName(subject, time), namespace },
      involvedObject: subject,
      type,
      reason,
      ...news,
      source: { component, ...(host && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? "",
      firstTimestamp: timestamp(first),
    };
    sighting.name = (await client.create(Event, draft as never)).metadata.name;
  }

  /** The object's name, a time in billionths of a second and, in the last digits, a running number. */
  private newName({ name }: Subject, now: Date): string {
    this.number = (this.number + 1) % NANOSECONDS;
    return `${name.slice(0, 200)}.${(BigInt(now.getTime()) * BigInt(NANOSECONDS) + BigInt(this.number)).toString(16)}`;
  }
}

function timestamp(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
