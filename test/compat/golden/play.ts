/** Plays the steps of a case against any server and returns its normalised answers. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { type Agent, request } from "node:https";
import type { Json } from "#kit/json.ts";
import { parseYaml } from "#kit/yaml.ts";
import type { Answer, Case, Step } from "./case.ts";
import { createNormaliser, type Normalise } from "./normalise.ts";
import { type Report, reportPods } from "./pods.ts";
import { createScrubber } from "./scrub.ts";
import { at, isThere } from "./shorthand.ts";

/** `quietMs`: what has not changed for so long does not change any more. */
export type Target = { base: string; token: string; agent?: Agent; quietMs?: number };

const TYPES: Record<string, string> = {
  json: "application/json",
  yaml: "application/yaml",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  jsonpatch: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
};
const UNTIL_MS = 10_000;
/** An answer that takes longer than this will not come any more. */
const ANSWER_MS = 20_000;
const WAIT_MS = 40_000;
const QUIET_MS = 1500;
const IDLE_MS = 1000;

/**
 * A namespace of its own is made for the case when it mentions `$NS`; namespace and definitions are removed afterwards.
 * `unique` makes names that no other case on the same server has.
 */
export async function play(script: Case, target: Target, unique: string): Promise<Answer[]> {
  const names = new Map([
    ["NS", `ns-${unique}`],
    ["GROUP", `g${unique}.example.com`],
    ["PUORG", `com.example.g${unique}`],
  ]);
  const player = new Player(target, names, isOfControllers(script));
  const usesNamespace = JSON.stringify(script.steps).includes("$NS");
  if (usesNamespace) await player.send("POST", "/api/v1/namespaces", { metadata: { name: `ns-${unique}` } });
  if (usesNamespace && isOfControllers(script)) await player.isReady(`ns-${unique}`);
  try {
    return await player.steps(script.steps);
  } finally {
    await player.removeDefinitions();
    if (usesNamespace) await player.send("DELETE", `/api/v1/namespaces/ns-${unique}`);
  }
}

/** Whether the case is about what controllers do, and not only about what a server answers. */
export function isOfControllers({ area }: Case): boolean {
  return area.startsWith("controllers-");
}

class Player {
  private readonly target: Target;
  private readonly names: Map<string, string>;
  private readonly normalise: Normalise;
  private readonly scrub: ((body: Json, only?: readonly string[]) => Json) | undefined;

  constructor(target: Target, names: Map<string, string>, scrubs: boolean) {
    this.target = target;
    this.names = names;
    this.normalise = createNormaliser(names);
    this.scrub = scrubs ? createScrubber() : undefined;
  }

  /** Waits until pods can be made in a new namespace. */
  async isReady(namespace: string): Promise<void> {
    const account = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    while ((await this.send("GET", account)).status !== 200) await pause(50);
  }

  async steps(steps: readonly Step[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const step of steps) answers.push(await this.step(step));
    return answers;
  }

  private async step(step: Step): Promise<Answer> {
    if (step.events !== undefined) return this.watch(step, step.events);
    if (step.report) return this.report(step.report);
    const deadline = Date.now() + (step.wait || step.settle ? WAIT_MS : UNTIL_MS);
    for (let last = { text: "", since: 0 }; ; await pause(50)) {
      const received = await read(await this.open(step));
      const isOver = Date.now() > deadline;
      if (!isOver && step.until !== undefined && received.status !== step.until) continue;
      if (!isOver && step.wait && !isThere(parse(received.text), step.wait)) continue;
      if (isOver || !step.settle) return this.answer(step, received);
      const text = `${received.status} ${JSON.stringify(this.settled(parse(received.text), step.only))}`;
      if (text !== last.text) last = { text, since: Date.now() };
      else if (Date.now() - last.since > (this.target.quietMs ?? QUIET_MS)) return this.answer(step, received);
    }
  }

  private settled(body: Json, only: readonly string[] | undefined): Json {
    return createScrubber()(body, only);
  }

  private async report(report: Report): Promise<Answer> {
    const path = `/api/v1/namespaces/${this.names.get("NS")}/pods`;
    const send = async (method: string, end: string, body?: Json): Promise<Json> =>
      parse((await this.send(method, `${path}${end}`, body)).text);
    const told = await reportPods(report, `node-of-${this.names.get("NS")}`, send);
    return { status: 200, body: { told } };
  }

  private answer(step: Step, { status, headers, text }: Received): Answer {
    const contentType = headers["content-type"]?.split(";")[0];
    const body = contentType === "application/yaml" ? (parseYaml(text)[0] as Json) : parse(text);
    for (const [name, path] of Object.entries(step.keep ?? {})) this.names.set(name, String(at(body, path) ?? ""));
    const warnings = warningsOf(headers.warning);
    return {
      status,
      ...(contentType ? { contentType } : {}),
      ...(warnings.length > 0 ? { warnings: this.normalise(warnings, []) as string[] } : {}),
      body: this.normalise(this.scrub?.(body, step.only) ?? body, step.ignore ?? []),
    };
  }

  private async watch(step: Step, count: number): Promise<Answer> {
    const response = await this.open(step);
    const reading = readEvents(response, count);
    const during = await this.steps(step.during ?? []);
    const events = await reading;
    return {
      status: response.statusCode ?? 0,
      body: this.normalise(events, step.ignore ?? []),
      ...(during.length > 0 ? { during } : {}),
    };
  }

  /** Sends a step's request; resolves with the answer's head. */
  private open(step: Step): Promise<IncomingMessage> {
    const [method = "GET", path = "/"] = this.fill(step.do).split(/ (.*)/s);
    const body = step.raw ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
    const type = TYPES[step.type ?? "json"] ?? step.type ?? "";
    const headers = {
      ...(body === undefined ? {} : { "content-type": type }),
      accept: "application/json",
      "user-agent": "golden",
      ...Object.fromEntries(Object.entries(step.headers ?? {}).map(([name, value]) => [name, this.fill(value)])),
    };
    return connect(this.target, method, path, headers, body === undefined ? undefined : this.fill(body));
  }

  async send(method: string, path: string, body?: Json): Promise<Received> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = TYPES[method === "PATCH" ? "merge" : "json"] ?? "";
    return read(await connect(this.target, method, path, { "content-type": type }, text));
  }

  async removeDefinitions(): Promise<void> {
    const group = this.names.get("GROUP") ?? "";
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const { text } = await this.send("GET", path);
    const { items = [] } = JSON.parse(text) as { items?: { metadata: { name: string }; spec: { group: string } }[] };
    for (const item of items)
      if (item.spec.group.endsWith(group)) await this.send("DELETE", `${path}/${item.metadata.name}`);
  }

  private fill(text: string): string {
    return text.replace(/\$([A-Za-z]+)/g, (whole, name: string) => this.names.get(name) ?? whole);
  }
}

type Received = { status: number; headers: IncomingMessage["headers"]; text: string };

function connect(
  { base, token, agent }: Target,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${token}`;
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const options = { method, headers: { authorization, ...length, ...headers }, agent, rejectUnauthorized: false };
    const sent: ClientRequest = request(`${base}${path}`, options, resolve);
    sent.on("error", (cause) => reject(new Error(`${method} ${path}: ${cause.message}`, { cause })));
    sent.setTimeout(ANSWER_MS, () => sent.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    sent.end(body);
  });
}

async function read(response: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
}

/** Reads the lines of a watch until `count` have come, it ends, or nothing came for a second. */
function readEvents(response: IncomingMessage, count: number): Promise<Json[]> {
  return new Promise((resolve) => {
    const events: Json[] = [];
    let rest = "";
    const finish = (): void => {
      clearTimeout(timer);
      response.destroy();
      resolve(rest === "" ? events : [...events, parse(rest)]);
    };
    let timer = setTimeout(finish, IDLE_MS);
    response.on("error", finish).on("end", finish);
    response.on("data", (chunk: Buffer) => {
      clearTimeout(timer);
      timer = setTimeout(finish, IDLE_MS);
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      events.push(...lines.filter(Boolean).map(parse));
      if (events.length >= count) finish();
    });
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function warningsOf(header: string | string[] | undefined): string[] {
  return [...String(header ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? "");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
