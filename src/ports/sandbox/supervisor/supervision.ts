/** The supervisor of one runtime's directory, connected to when it is needed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectSupervisor, findSupervisor, type Supervisor } from "./supervisor.ts";

/** The name of the supervisor's socket in the directory. */
const SOCKET = ".supervisor";

export class Supervision {
  private readonly path: string;
  private connection: Promise<Supervisor | undefined> | undefined;

  constructor(directory: string) {
    this.path = join(directory, SOCKET);
  }

  /** Whether a name in the directory is that of something of the supervisor. */
  static owns(name: string): boolean {
    return name === SOCKET || name.startsWith(`${SOCKET}.`);
  }

  /** A supervisor, started when there is none. Undefined where none can be had. */
  get(): Promise<Supervisor | undefined> {
    this.connection ??= this.hold(connectSupervisor(this.path).catch(() => undefined));
    return this.connection;
  }

  /** The supervisor that an earlier run has left, or else one that is told what that knew. */
  async find(): Promise<Supervisor | undefined> {
    const found = await (this.connection ?? findSupervisor(this.path));
    if (found) this.connection ??= this.hold(Promise.resolve(found));
    else if (existsSync(`${this.path}.codes`)) return await this.get();
    return found;
  }

  /** Ends it; what it has started goes on. */
  async quit(): Promise<void> {
    const supervisor = await (this.connection ?? findSupervisor(this.path));
    this.connection = undefined;
    await supervisor?.quit();
  }

  /** One that is lost is not asked again. */
  private hold(connecting: Promise<Supervisor | undefined>): Promise<Supervisor | undefined> {
    void connecting.then(async (supervisor) => {
      await supervisor?.lost;
      if (this.connection === connecting) this.connection = undefined;
    });
    return connecting;
  }
}
