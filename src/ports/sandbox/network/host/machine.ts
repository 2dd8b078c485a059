/** The machine itself as the host of a pod network. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { childTools, type HostTools } from "../../tools/host-tools.ts";
import { addressOfDevice, hostRoutes } from "../address.ts";
import { ownSockets } from "../sockets/sockets.ts";
import { NAMESPACES, type NetworkHost } from "./host.ts";

/** Needs root. `tools` says how tools are started; as children of this program when it is left out. */
export const machineHost = (tools: HostTools = childTools): NetworkHost => ({
  pid: undefined,
  sockets: ownSockets,
  open: async () => {
    if (process.getuid?.() !== 0) throw new Error("links of this machine are changed by root only");
  },
  run: async (tool, args, { input = "", namespace } = {}) => {
    if (!namespace) return await tools.require(tool, args, { input });
    return await tools.require("nsenter", [`--net=${join(NAMESPACES, namespace)}`, tool, ...args], { input });
  },
  namespaces: () => readdir(NAMESPACES).catch(() => []),
  pathsOf: (namespace) => ({ netns: join(NAMESPACES, namespace) }),
  routes: hostRoutes,
  addressOf: async (device) => addressOfDevice(device),
  close: async () => undefined,
});
