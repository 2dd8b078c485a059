/** Decides what becomes of the next event about an object: a new one, one more of a known one, or nothing. Pure but for its memory. */

export type Happening = {
  /** Whom it is about. */
  subject: string;
  /** Type and reason: what makes happenings alike. */
  kind: string;
  message: string;
};

export type Sighting = {
  message: string;
  /** How often it was seen, this time included. */
  count: number;
  first: Date;
  /** Name of the event that counts it, once there is one. */
  readonly name: string | undefined;
  /** Resolves when the sighting before has been written. */
  written: Promise<void>;
  /** Tells when this one will have been written, and under which name. */
  settle(written: Promise<void>): void;
  called(name: string): void;
};

/** So many different messages of one kind are told one by one … */
const DISTINCT = 10;
/** … and as many as come within so many milliseconds. */
const ALIKE_MS = 600_000;
/** Events about one object at once, and the milliseconds until it may have one more. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Most entries that are remembered of each sort. */
const REMEMBERED = 4096;

type Known = { count: number; first: Date; name: string | undefined; written: Promise<void> };
type Alike = { messages: Set<string>; last: number };
type Budget = { left: number; since: number };

/** What one component said lately. */
export class Correlator {
  private readonly known = new Map<string, Known>();
  private readonly alike = new Map<string, Alike>();
  private readonly budgets = new Map<string, Budget>();

  /** Undefined when there is too much to tell about the subject. */
  observe(happening: Happening, now: Date): Sighting | undefined {
    const { key, message } = this.sumUp(happening, now.getTime());
    const before = this.known.get(key);
    const known: Known = before ?? { count: 0, first: now, name: undefined, written: Promise.resolve() };
    known.count += 1;
    remember(this.known, key, known);
    if (!this.affords(happening.subject, now.getTime())) return undefined;
    return {
      ...{ message, count: known.count, first: known.first, written: known.written },
      get name() {
        return known.name;
      },
      settle: (written) => {
        known.written = written;
      },
      called: (name) => {
        known.name = name;
      },
    };
  }

  /** From the tenth different message of a kind on they share one event. */
  private sumUp({ subject, kind, message }: Happening, now: number): { key: string; message: string } {
    const key = `${subject} ${kind}`;
    const found = this.alike.get(key);
    const alike = found && now - found.last <= ALIKE_MS ? found : { messages: new Set<string>(), last: now };
    alike.last = now;
    remember(this.alike, key, alike);
    alike.messages.add(message);
    if (alike.messages.size < DISTINCT) return { key: `${key} ${message}`, message };
    alike.messages.delete(message);
    return { key, message: `(combined from similar events): ${message}` };
  }

  private affords(subject: string, now: number): boolean {
    const budget = this.budgets.get(subject) ?? { left: BURST, since: now };
    const left = Math.min(BURST, budget.left + (now - budget.since) / REFILL_MS);
    remember(this.budgets, subject, { left: left >= 1 ? left - 1 : left, since: now });
    return left >= 1;
  }
}

/** Keeps the newest entries. */
function remember<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= REMEMBERED) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
