/** The machine itself as the host of a pod network. Needs root. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { requireHostTool } from "../../process.ts";
import { addressOfDevice, hostRoutes } from "../address.ts";
import { ownSockets } from "../sockets/sockets.ts";
import { NAMESPACES, type NetworkHost } from "./host.ts";

export const machine: NetworkHost = {
  pid: undefined,
  sockets: ownSockets,
  open: async () => {
    if (process.getuid?.() !== 0) throw new Error("links of this machine are changed by root only");
  },
  run: async (tool, args, { input = "", namespace } = {}) => {
    if (!namespace) return await requireHostTool(tool, args, { input });
    return await requireHostTool("nsenter", [`--net=${join(NAMESPACES, namespace)}`, tool, ...args], { input });
  },
  namespaces: () => readdir(NAMESPACES).catch(() => []),
  pathsOf: (namespace) => ({ netns: join(NAMESPACES, namespace) }),
  routes: hostRoutes,
  addressOf: async (device) => addressOfDevice(device),
  close: async () => undefined,
};
