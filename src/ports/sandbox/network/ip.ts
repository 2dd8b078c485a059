/** Changes of links, addresses and routes by `ip`, several in one process. */
import type { HostTools } from "../tools/host-tools.ts";

/** Where named network namespaces are. */
export const NAMESPACES = "/run/netns";

/** The tools that change networks. */
export class NetworkTools {
  private readonly tools: HostTools;

  constructor(tools: HostTools) {
    this.tools = tools;
  }

  /** Runs a tool in a named network namespace, with everything else as it is here. Rejects with the tool's own words. */
  within(namespace: string, tool: string, args: readonly string[], input: string): Promise<string> {
    return this.tools.require("nsenter", [`--net=${NAMESPACES}/${namespace}`, tool, ...args], { input });
  }

  /** Runs `ip` commands in order, on this host or in a named network namespace. Rejects with the first failure. */
  async change(commands: readonly string[], namespace?: string): Promise<void> {
    const [args, input] = [["-batch", "-"], `${commands.join("\n")}\n`];
    if (namespace) await this.within(namespace, "ip", args, input);
    else await this.tools.require("ip", args, { input });
  }

  /** Tries each of the commands on this host, whatever becomes of the others. */
  async remove(commands: readonly string[]): Promise<void> {
    if (commands.length > 0)
      await this.tools.run("ip", ["-force", "-batch", "-"], { input: `${commands.join("\n")}\n` });
  }
}
