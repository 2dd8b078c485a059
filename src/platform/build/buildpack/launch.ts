/** What an image starts: the process that `npm start` would end up with, without npm. */
import type { Project } from "./project.ts";

/** A process of the image; `command` is complete. */
export type Process = { type: string; command: string[]; default: boolean };

export type LaunchPlan = { kind: "processes"; processes: Process[] } | { kind: "refused"; reason: string };

export type LaunchPaths = { node: string; app: string };

const ENTRY_FILES = ["server.js", "app.js", "main.js", "index.js", "server.mjs", "index.mjs"];

/** Words that mean to a shell just what they say. */
const PLAIN = /^[\w@%+:,./=-]+$/;
const MAX_INDIRECTIONS = 10;

/** `scripts.start`, else the first usual entry file. */
export function planLaunch(project: Project, paths: LaunchPaths): LaunchPlan {
  const { scripts = {}, main } = project.packageJson;
  if (scripts.start) return web(commandOf(project, paths, "start"));
  const file = [...ENTRY_FILES, main ?? ""].find((name) => project.files.includes(name.replace(/^\.\//, "")));
  if (file) return web([paths.node, file]);
  const reason = `no buildpack applies: package.json has no "start" script and there is none of ${ENTRY_FILES.join(", ")}: add "scripts": {"start": "node …"}`;
  return { kind: "refused", reason };
}

function web(command: string[]): LaunchPlan {
  return { kind: "processes", processes: [{ type: "web", command, default: true }] };
}

function commandOf(project: Project, paths: LaunchPaths, name: string, depth = 0): string[] {
  const { scripts = {} } = project.packageJson;
  const script = (scripts[name] ?? "").trim();
  const around = [scripts[`pre${name}`], scripts[`post${name}`]];
  if (around.some(Boolean)) return shell([around[0], script, around[1]].filter(Boolean).join(" && "));
  const words = script.split(/\s+/);
  const called = words[0] === "npm" ? words.slice(1).filter((word) => word !== "run" && word !== "run-script") : [];
  const target = called[0] ?? "";
  if (called.length === 1 && scripts[target] && depth < MAX_INDIRECTIONS)
    return commandOf(project, paths, target, depth + 1);
  return words.every((word) => PLAIN.test(word)) ? direct(project, paths, words) : shell(script);
}

/** Runs Node.js itself where the command is `node` or a package's program, so that signals reach the application. */
function direct(project: Project, paths: LaunchPaths, words: string[]): string[] {
  const [command = "", ...args] = words;
  if (command.includes("=")) return shell(words.join(" "));
  if (command === "node") return [paths.node, ...args];
  const owner = project.lock?.packages.find(({ path, bin }) => isTopLevel(path) && bin?.[command]);
  const file = owner?.bin?.[command]?.replace(/^\.\//, "");
  if (owner && file && /\.[cm]?js$/.test(file)) return [paths.node, `${paths.app}/${owner.path}/${file}`, ...args];
  return shell(words.join(" "));
}

function isTopLevel(path: string): boolean {
  return path.lastIndexOf("node_modules/") === 0;
}

function shell(script: string): string[] {
  return ["/bin/sh", "-c", script];
}
