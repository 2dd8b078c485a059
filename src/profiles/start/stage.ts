/** What every part of a platform is started with. */
import type { Log } from "#engine/controller/run.ts";
import type { DataFolders } from "../data.ts";

export type Stage = {
  folders: DataFolders;
  /** 8 hexadecimal digits that tell this platform's networks from those of others. */
  instance: string;
  /** The address that servers listen on. */
  host: string;
  clock: () => Date;
  log: Log;
  warn: (message: string, detail?: Record<string, unknown>) => void;
  /** What is started is closed through it, the last first. */
  stack: AsyncDisposableStack;
};
