/** `slipway up`: starts the platform in this process, or in one that goes on in the background. */
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { deployDemo } from "#profiles/demo.ts";
import { type Platform, startPlatform } from "#profiles/platform.ts";
import { addressesFrom } from "#profiles/ports.ts";
import { CliError } from "../errors.ts";
import { dataDirectory, kubeconfigPath, type RunFile, readRunFile, runFilePath } from "../paths.ts";
import { duration, lineProgress, type Progress } from "../progress.ts";

export type UpOptions = {
  data?: string;
  demo?: boolean;
  detach?: boolean;
  portBase?: number;
  domain?: string;
  outbound?: boolean;
  delivery: "git" | "registry";
  externalDelivery?: boolean;
};

const EXAMPLE = fileURLToPath(new URL("../../../examples/hello-web", import.meta.url));
const DOMAIN = "apps.localhost";
const POLL_MS = 100;

export async function up(options: UpOptions): Promise<void> {
  if (options.demo && options.externalDelivery)
    throw new CliError(
      "usage",
      "the demo runs on this cluster, and --external-delivery is for others",
      "Leave one of --demo and --external-delivery out.",
    );
  const data = dataDirectory(options.data, process.env);
  const running = await readRunFile(data);
  if (running)
    throw new CliError(
      "failed",
      `a platform already runs with data in ${data} (pid ${running.pid})`,
      "Stop it with `slipway down`, or choose another --data and --port-base.",
    );
  if (options.detach) return await detach(data);
  const progress = lineProgress(
    (line) => console.log(line),
    () => performance.now(),
  );
  const began = performance.now();
  console.log(`slipway up (data in ${data})`);
  const stopping = new AbortController();
  const starting = startPlatform({
    dataDir: data,
    addresses: addressesFrom(options.portBase),
    domain: options.domain ?? DOMAIN,
    profile: "full",
    outbound: options.outbound ?? true,
    delivery: options.delivery,
    externalDelivery: options.externalDelivery ?? false,
    step: async (name, work) => {
      stopping.signal.throwIfAborted();
      return await progress.step(name, work);
    },
    log: (level, message, fields) => {
      if (level === "warn" || level === "error") console.error(`${level}: ${message} ${describe(fields)}`);
    },
  });
  onSignals(async () => {
    stopping.abort(
      new CliError("failed", "stopped before the platform was ready", "Start it again with `slipway up`."),
    );
    const started = await starting.catch(() => undefined);
    if (started) await stop(started, data);
  });
  const platform = await starting;
  await announce(platform, data);
  console.log(`  platform ready after ${duration(performance.now() - began)}`);
  for (const [name, url] of Object.entries(platform.endpoints)) console.log(`    ${name.padEnd(9)} ${url}`);
  if (options.demo) await demo(platform, progress);
  else console.log(`READY ${platform.endpoints.portal}`);
}

async function demo(platform: Platform, progress: Progress): Promise<void> {
  const url = await deployDemo(platform, { example: EXAMPLE, step: (name, work) => progress.step(name, work) });
  console.log(`READY ${url}`);
}

function describe(fields: Record<string, unknown> | undefined): string {
  const { error: _error, ...rest } = fields ?? {};
  return Object.keys(rest).length > 0 ? JSON.stringify(rest) : "";
}

/** Writes the files by which other commands find this platform. */
async function announce(platform: Platform, data: string): Promise<void> {
  const file: RunFile = {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    profile: "full",
    endpoints: platform.endpoints,
  };
  await mkdir(dirname(runFilePath(data)), { recursive: true });
  await writeFile(kubeconfigPath(data), platform.kubeconfig(), { mode: 0o600 });
  await writeFile(runFilePath(data), JSON.stringify(file, undefined, 2), { mode: 0o600 });
}

async function stop(platform: Platform, data: string): Promise<void> {
  await platform.close();
  await rm(runFilePath(data), { force: true });
}

function onSignals(work: () => Promise<void>): void {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      console.log("stopping");
      work().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    });
}

/** Starts the same command in the background, with its output in a log file, and waits for READY. */
async function detach(data: string): Promise<void> {
  await mkdir(data, { recursive: true });
  const logPath = join(data, "slipway.log");
  const log = await open(logPath, "w");
  const args = process.argv.slice(1).filter((argument) => argument !== "--detach");
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log.fd, log.fd] });
  const ended = new Promise<never>((_, reject) =>
    child.once("exit", (code) =>
      reject(new CliError("failed", `the platform ended with code ${code}`, `Its output is in ${logPath}`)),
    ),
  );
  await Promise.race([printUntilReady(logPath), ended]);
  await log.close();
  child.unref();
}

async function printUntilReady(logPath: string): Promise<void> {
  let printed = 0;
  for (;;) {
    const text = await readFile(logPath, "utf8");
    process.stdout.write(text.slice(printed));
    printed = text.length;
    if (/^READY /m.test(text)) return;
    await sleep(POLL_MS);
  }
}
