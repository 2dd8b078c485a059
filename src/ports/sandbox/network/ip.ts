/** Changes of links, addresses and routes by `ip`, several in one process. */
import { requireHostTool, runHostTool } from "../process.ts";

/** Where named network namespaces are. */
export const NAMESPACES = "/run/netns";

/** Runs a tool in a named network namespace, with everything else as it is here. Rejects with the tool's own words. */
export function inNamespace(namespace: string, tool: string, args: readonly string[], input: string): Promise<string> {
  return requireHostTool("nsenter", [`--net=${NAMESPACES}/${namespace}`, tool, ...args], { input });
}

/** Runs `ip` commands in order, on this host or in a named network namespace. Rejects with the first failure. */
export async function changeNetwork(commands: readonly string[], namespace?: string): Promise<void> {
  const [args, input] = [["-batch", "-"], `${commands.join("\n")}\n`];
  if (namespace) await inNamespace(namespace, "ip", args, input);
  else await requireHostTool("ip", args, { input });
}

/** Tries each of the commands on this host, whatever becomes of the others. */
export async function removeNetwork(commands: readonly string[]): Promise<void> {
  if (commands.length > 0) await runHostTool("ip", ["-force", "-batch", "-"], { input: `${commands.join("\n")}\n` });
}
