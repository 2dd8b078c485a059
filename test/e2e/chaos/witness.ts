/** Sees what happens to the chaos test's applications, again and again, and says afterwards what must not have happened. */
import { setTimeout as sleep } from "node:timers/promises";
import { Job } from "#api/builtin/index.ts";
import { Build } from "#api/kpack.io/index.ts";
import { Revision } from "#api/serving.knative.dev/index.ts";
import type { KubeClient } from "#ports/kube/client.ts";
import { get } from "../../harness/http.ts";
import type { App } from "./apps.ts";

const SOURCE = "slipway.dev/source-revision";
const PAUSE_MS = 150;
const LONGEST_ANSWER_MS = 5000;
const NAMESPACE = { namespace: "default" };

type SeenBuild = { image: string; number: number; source: string; ends: Set<string> };
type SeenRevision = { source: string; image: string };

export class Witness {
  private readonly client: KubeClient;
  private readonly urlOf: (app: string) => string;
  private readonly builds = new Map<string, SeenBuild>();
  private readonly revisions = new Map<string, SeenRevision>();
  private readonly jobs = new Map<string, string>();
  private readonly answers = new Map<string, { app: string; number: number; revision: string }>();

  constructor(client: KubeClient, urlOf: (app: string) => string) {
    this.client = client;
    this.urlOf = urlOf;
  }

  /** Looks until `done`; whatever does not answer is looked at next time. */
  async watch(apps: readonly App[], done: () => boolean): Promise<void> {
    const again = async (work: () => Promise<void>): Promise<void> => {
      while (!done()) {
        await work().catch(() => undefined);
        await sleep(PAUSE_MS);
      }
    };
    await Promise.all([again(() => this.look()), ...apps.map((app) => again(() => this.ask(app)))]);
  }

  /** One look at the objects. Throws when the program does not answer. */
  async look(): Promise<void> {
    for (const { metadata, status } of (await this.client.list(Build, NAMESPACE)).items) {
      const [source = "", image = ""] = [metadata.annotations?.[SOURCE], metadata.labels?.["image.kpack.io/image"]];
      const number = Number(metadata.labels?.["image.kpack.io/buildNumber"]);
      const seen = this.builds.get(metadata.uid ?? "") ?? { image, number, source, ends: new Set() };
      if (status?.finishedAt) seen.ends.add(`${status.finishedAt} ${status.latestImage}`);
      this.builds.set(metadata.uid ?? "", seen);
    }
    for (const { metadata, spec } of (await this.client.list(Job, NAMESPACE)).items)
      this.jobs.set(metadata.uid ?? "", spec?.template.spec?.containers[0]?.command?.at(-1) ?? "");
    for (const { metadata, spec } of (await this.client.list(Revision, NAMESPACE)).items) {
      const image = spec.containers[0]?.image ?? "";
      this.revisions.set(metadata.name, { source: metadata.annotations?.[SOURCE] ?? "", image });
    }
  }

  /** One request to the application. Throws when it does not answer. */
  async ask({ name: app }: App): Promise<void> {
    const { status, body } = await get(this.urlOf(app), LONGEST_ANSWER_MS);
    if (status === 200) this.answers.set(`${app} ${body}`, { app, ...JSON.parse(body) });
  }

  /** What was repeated or mispaired, in sentences. */
  problems(apps: readonly App[]): string[] {
    const numberOf = (source: string): number => Math.max(...apps.map((app) => app.numberOf(source)));
    return [...this.repeated(), ...this.skippedNumbers(), ...this.mispaired(numberOf)];
  }

  /** How much was seen, for the test's own output. */
  summary(): string {
    const { builds, jobs, revisions, answers } = this;
    return `${builds.size} builds, ${jobs.size} jobs, ${revisions.size} revisions, ${answers.size} different answers`;
  }

  private repeated(): string[] {
    const builds = [...this.builds.values()];
    const ended = builds.filter(({ ends }) => ends.size > 1);
    return [
      ...ended.map(({ image, number, ends }) => `build ${number} of ${image} ended twice: ${[...ends].join(", ")}`),
      ...duplicates(builds.map(({ image, source }) => `${image} was built more than once of ${source}`)),
      ...duplicates([...this.jobs.values()].map((source) => `there was more than one job for ${source}`)),
      ...duplicates([...this.revisions.values()].map(({ source }) => `more than one revision has ${source}`)),
    ];
  }

  private skippedNumbers(): string[] {
    const highest = Map.groupBy(this.builds.values(), ({ image }) => image);
    return [...highest].flatMap(([image, builds]) =>
      Math.max(...builds.map(({ number }) => number)) === builds.length ? [] : [`not all builds of ${image} were seen`],
    );
  }

  private mispaired(numberOf: (source: string) => number): string[] {
    const sourceOf = new Map(
      [...this.builds.values()].flatMap(({ source, ends }) =>
        [...ends].map((end) => [end.split(" ").at(-1) ?? "", source] as const),
      ),
    );
    return [
      ...[...this.revisions].flatMap(([name, { source, image }]) =>
        sourceOf.get(image) === source ? [] : [`${name} says ${source}, its image is of ${sourceOf.get(image)}`],
      ),
      ...[...this.answers.values()].flatMap(({ app, number, revision }) => {
        const said = this.revisions.get(revision);
        if (!said || numberOf(said.source) === number) return [];
        return [`${app} answers number ${number} from ${revision}, which says ${said.source}`];
      }),
    ];
  }
}

/** Each text that is there more than once. */
export function duplicates(texts: readonly string[]): string[] {
  return [...Map.groupBy(texts, (text) => text)].flatMap(([text, all]) => (all.length > 1 ? [text] : []));
}
