/** Decides what becomes of the next event about an object: a new one, one more of a known one, or nothing. Pure but for its memory. */

export type Happening = {
  /** Whom it is about. */
  subject: string;
  /** Type and reason: what makes happenings alike. */
  kind: string;
  message: string;
};

/** What is known of all happenings that share one event; it changes with each of them. */
export type Sighting = {
  /** The newest message. */
  message: string;
  count: number;
  /** Those included of which nothing was told. */
  seen: number;
  readonly first: Date;
  /** Name of the event, once it has been written. */
  name: string | undefined;
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

type Alike = { messages: string[]; last: number };
type Budget = { left: number; since: number };

/** What one component said lately. */
export class Correlator {
  private readonly sightings = new Map<string, Sighting>();
  private readonly alike = new Map<string, Alike>();
  private readonly budgets = new Map<string, Budget>();

  /** Undefined when there is too much to tell about the subject. */
  observe(happening: Happening, now: Date): Sighting | undefined {
    const { key, message } = this.sumUp(happening, now.getTime());
    const sighting = this.sightings.get(key) ?? { message, count: 0, seen: 0, first: now, name: undefined };
    sighting.seen += 1;
    remember(this.sightings, key, sighting);
    if (!this.affords(happening.subject, now.getTime())) return undefined;
    // what may still wait to be written tells of nothing that is one too many
    return Object.assign(sighting, { message, count: sighting.seen });
  }

  /** From the tenth different message of a kind on they share one event. */
  private sumUp({ subject, kind, message }: Happening, now: number): { key: string; message: string } {
    const key = `${subject} ${kind}`;
    const found = this.alike.get(key);
    const alike = found && now - found.last <= ALIKE_MS ? found : { messages: [message], last: now };
    alike.last = now;
    remember(this.alike, key, alike);
    if (!alike.messages.includes(message)) alike.messages.push(message);
    if (alike.messages.length < DISTINCT) return { key: `${key} ${message}`, message };
    alike.messages = alike.messages.filter((known) => known !== message);
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
