/** Waits for what a tool writes into a file. */
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Watches one file of a directory, from before the tool is started that writes it. */
export class FileWatch {
  private readonly path: string;
  private readonly name: string;
  private readonly watcher: ReturnType<typeof watch>;

  constructor(directory: string, name: string) {
    this.name = name;
    this.path = join(directory, name);
    this.watcher = watch(directory);
  }

  /** What `parse` makes of the file as soon as that is not undefined. */
  async written<T>(parse: (text: string) => T | undefined): Promise<T> {
    return await new Promise((resolve) => {
      const look = async (): Promise<void> => {
        const result = await this.read(parse);
        if (result !== undefined) resolve(result);
      };
      this.watcher.on("change", (_event, name) => {
        if (name === this.name) void look();
      });
      // It may have been written before anybody listened.
      void look();
    });
  }

  /** The same of what is there now. */
  async read<T>(parse: (text: string) => T | undefined): Promise<T | undefined> {
    const text = await readFile(this.path, "utf8").catch(() => undefined);
    return text === undefined ? undefined : parse(text);
  }

  close(): void {
    this.watcher.close();
  }
}
