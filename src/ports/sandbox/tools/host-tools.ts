/** How this room has host tools run: several ways, one interface. */
import { requireHostTool, runHostTool, type ToolResult } from "../process.ts";

export type ToolOptions = {
  /** Its standard input. */
  input?: string;
  cwd?: string;
};

export interface HostTools {
  /** The tool's exit code and output. Rejects only when the tool cannot be started. */
  run(command: string, args: readonly string[], options?: ToolOptions): Promise<ToolResult>;
  /** Standard output of a tool that must succeed. Throws with the tool's own words otherwise. */
  require(command: string, args: readonly string[], options?: ToolOptions): Promise<string>;
}

/** As children of this program. */
export const childTools: HostTools = { run: runHostTool, require: requireHostTool };
