/** What clients ask for when they connect to a pod: the options objects of the API, as admission sees them. */
import type { Unstructured } from "#api/meta.ts";
import { failure } from "#kit/status.ts";

/** How the options of each subresource are called. */
const KINDS: { readonly [resource: string]: string } = {
  "pods/exec": "PodExecOptions",
  "pods/attach": "PodAttachOptions",
  "pods/portforward": "PodPortForwardOptions",
  "pods/proxy": "PodProxyOptions",
  "services/proxy": "ServiceProxyOptions",
};

/** The fields of every options kind together. */
export type ConnectOptions = {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  tty?: boolean;
  container?: string;
  command?: readonly string[];
  ports?: readonly number[];
  path?: string;
};

/** The options object of a request; undefined for resources that cannot be connected to. Throws BadRequest. */
export function parseOptions(resource: string, query: URLSearchParams, path: string): Unstructured | undefined {
  const kind = KINDS[resource];
  if (!kind) return undefined;
  return { kind, apiVersion: "v1", ...fieldsOf(kind, query, path) } as unknown as Unstructured;
}

function fieldsOf(kind: string, query: URLSearchParams, path: string): ConnectOptions {
  const container = query.get("container");
  switch (kind) {
    case "PodExecOptions": {
      const command = query.getAll("command");
      if (command.length === 0) throw failure("BadRequest", "you must specify at least one command for the container");
      return { ...streamsOf(query, false), ...(container && { container }), command };
    }
    case "PodAttachOptions":
      return { ...streamsOf(query, true), ...(container && { container }) };
    case "PodPortForwardOptions": {
      const ports = query.getAll("ports").flatMap((list) => list.split(",").map(parsePort));
      return ports.length > 0 ? { ports } : {};
    }
    default:
      return path ? { path } : {};
  }
}

function streamsOf(query: URLSearchParams, byDefault: boolean): ConnectOptions {
  const flag = (name: string, absent: boolean): boolean => {
    const text = query.get(name)?.toLowerCase();
    return text === undefined ? absent : text !== "false" && text !== "0";
  };
  const [stdin, tty] = [flag("stdin", false), flag("tty", false)];
  const [stdout, stderr] = [flag("stdout", byDefault), flag("stderr", byDefault)];
  if (!stdin && !stdout && !stderr) throw failure("BadRequest", "you must specify at least 1 of stdin, stdout, stderr");
  return { ...(stdin && { stdin }), ...(stdout && { stdout }), ...(stderr && { stderr }), ...(tty && { tty }) };
}

/** Throws BadRequest. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw failure("BadRequest", `${JSON.stringify(text)} is not a port (1-65535)`);
  return port;
}
