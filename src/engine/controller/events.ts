/** Records events: equal ones are counted in one object, many alike are summed up, floods are cut off. */
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
/** In a millisecond. */
const NANOSECONDS = 1_000_000;

/** Writes the events of one component. */
export class EventRecorder {
  private readonly options: RecorderOptions;
  private readonly correlator = new Correlator();
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
    const written = sighting.written.then(() => this.write(subject, { type, reason }, sighting, now));
    sighting.settle(written.catch(this.options.onError));
  }

  private async write(subject: Subject, told: { type: EventType; reason: string }, sighting: Sighting, now: Date) {
    const namespace = subject.namespace ?? "default";
    const time = timestamp(now);
    if (sighting.name && sighting.count > 1) {
      const body = { count: sighting.count, lastTimestamp: time, message: sighting.message.slice(0, LONGEST_MESSAGE) };
      try {
        await this.options.client.patch(Event, { name: sighting.name, namespace }, { type: "merge", body });
        return;
      } catch (error) {
        if (!hasReason(error, "NotFound")) throw error;
      }
    }
    const { client, component, host } = this.options;
    const draft = {
      metadata: { name: this.newName(subject, now), namespace },
      involvedObject: subject,
      ...told,
      message: sighting.message.slice(0, LONGEST_MESSAGE),
      source: { component, ...(host && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? "",
      firstTimestamp: timestamp(sighting.first),
      lastTimestamp: time,
      count: sighting.count,
    };
    sighting.called((await client.create(Event, draft as never)).metadata.name);
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
