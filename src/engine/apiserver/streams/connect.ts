/** Connecting to pods: who may, what admission says, and which protocol carries it. */
import { createWebSocketStream } from "ws";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { failure } from "#kit/status.ts";
import { requirePermission } from "../auth/permission.ts";
import type { Server } from "../server.ts";
import type { RawRequest, ResourceRequest, Target } from "../wire/request.ts";
import { resolve } from "../wire/route.ts";
import { type ConnectOptions, parseOptions } from "./options.ts";
import type { PodStreams } from "./pod-streams.ts";
import { type Dial, forwardPorts, PORT_FORWARD_PROTOCOL } from "./port-forward.ts";
import { forwardChannels, PORT_CHANNEL_PROTOCOLS } from "./port-forward-channels.ts";
import { attachOutcome, type CommandChannels, execOutcome, joinCommand } from "./remote-command.ts";
import { SPDY_COMMAND_PROTOCOLS, spdyChannels } from "./spdy-command.ts";
import { acceptSpdy, wantsSpdy } from "./spdy-upgrade.ts";
import { containerOf, podOf } from "./target.ts";
import { acceptWebSocket, COMMAND_PROTOCOLS, type Upgrade } from "./websocket.ts";
import { webSocketChannels } from "./websocket-command.ts";

const UPGRADES = ["exec", "attach", "portforward"];
const TUNNEL = `SPDY/3.1+${PORT_FORWARD_PROTOCOL}`;
const ID_BYTES = 32;

/** Whether a path is one that a connection is upgraded for. */
export function isUpgradeTarget({ group, plural, subresource }: Target): boolean {
  return group === "" && plural === "pods" && UPGRADES.includes(subresource ?? "");
}

/** Looks the target of a connect request up and asks admission. Throws NotFound, Forbidden, BadRequest. */
export async function admitConnect(
  raw: RawRequest,
  { target, url, path }: { target: Target; url: string; path: string },
  server: Server,
): Promise<{ request: ResourceRequest; options: ConnectOptions }> {
  const request = resolve(raw, target, server.registry);
  const resource = `${target.plural}/${target.subresource}`;
  const options = parseOptions(resource, new URLSearchParams(url.split("?", 2)[1]), path);
  if (!options) throw failure("NotFound", "the server could not find the requested resource");
  const gate = server.admission.gate(request, "CONNECT");
  const admitted: Unstructured = (await gate?.mutate(options, undefined)) ?? options;
  await gate?.validate(admitted, undefined);
  return { request, options: admitted as unknown as ConnectOptions };
}

/** Throws ServiceUnavailable when nobody runs containers. */
export function requireStreams({ podStreams }: Server): PodStreams {
  if (podStreams) return podStreams;
  throw failure("ServiceUnavailable", "no node is connected to this control plane: pods cannot be reached");
}

/** Upgrades a connection for exec, attach or port-forward. Throws StatusError, then nothing has been answered. */
export async function connectPod(
  upgrade: Upgrade,
  raw: RawRequest,
  target: Target,
  server: Server,
): Promise<() => Promise<void>> {
  // A WebSocket begins with a GET, but this is no reading.
  if (raw.method === "GET") requirePermission({ ...raw, method: "POST" }, server.access);
  const { url = "/" } = upgrade.message;
  const { request, options } = await admitConnect(raw, { target, url, path: "" }, server);
  const pod = podOf(request);
  const streams = requireStreams(server);
  if (target.subresource === "portforward") return await connectPorts(upgrade, pod, options, streams);
  return await connectCommand(upgrade, { pod, options, streams, target }, server);
}

type Command = { pod: Pod; options: ConnectOptions; streams: PodStreams; target: Target };

async function connectCommand(
  upgrade: Upgrade,
  { pod, options, streams, target }: Command,
  { randomBytes }: Server,
): Promise<() => Promise<void>> {
  const name = containerOf(pod, options.container);
  const { namespace = "", name: podName } = pod.metadata;
  if (!pod.spec?.nodeName) throw failure("BadRequest", `pod ${podName} does not have a host assigned`);
  const container = streams.container(namespace, podName, name);
  if (!container)
    throw failure("InternalError", `unable to upgrade connection: container not found (${JSON.stringify(name)})`);
  const open = await acceptCommand(upgrade, options);
  return async () => {
    const channels = await open();
    if (target.subresource === "attach") return await joinCommand(container.attach(), channels, attachOutcome);
    const program = container.spawn(options.command ?? [], { terminal: options.tty ?? false });
    if (!options.stdin) program.stdin.end();
    await joinCommand(program, channels, execOutcome(Buffer.from(randomBytes(ID_BYTES)).toString("hex")));
  };
}

async function acceptCommand(upgrade: Upgrade, options: ConnectOptions): Promise<() => Promise<CommandChannels>> {
  if (wantsSpdy(upgrade)) {
    const { connection, protocol } = acceptSpdy(upgrade, SPDY_COMMAND_PROTOCOLS);
    return () => spdyChannels(connection, protocol, options);
  }
  const accepted = await acceptWebSocket(upgrade, COMMAND_PROTOCOLS);
  return async () => webSocketChannels(accepted, options);
}

async function connectPorts(
  upgrade: Upgrade,
  pod: Pod,
  { ports = [] }: ConnectOptions,
  streams: PodStreams,
): Promise<() => Promise<void>> {
  const { namespace = "", name, uid = "" } = pod.metadata;
  const dial: Dial = async (port) => {
    try {
      return await streams.connect(namespace, name, port);
    } catch (error) {
      throw new Error(`error forwarding port ${port} to pod ${name}, uid ${uid}: ${(error as Error).message}`);
    }
  };
  if (wantsSpdy(upgrade)) {
    const { connection } = acceptSpdy(upgrade, [PORT_FORWARD_PROTOCOL]);
    return () => forwardPorts(connection, dial);
  }
  const protocols = ports.length > 0 ? [TUNNEL, ...PORT_CHANNEL_PROTOCOLS] : [TUNNEL];
  const accepted = await acceptWebSocket(upgrade, protocols);
  if (accepted.protocol === TUNNEL) return () => forwardPorts(createWebSocketStream(accepted.client), dial);
  return () => forwardChannels(accepted, ports, dial);
}
