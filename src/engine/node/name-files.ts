/** Writes the files by which the containers of a pod find names, and keeps the names of Services in them current. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "#api/builtin/types.gen.ts";
import type { NetworkAttachment } from "#ports/sandbox/network/network.ts";
import type { Mount } from "#ports/sandbox/runtime.ts";
import type { NodeContext } from "./context.ts";
import { hostsFile, resolverFile, serviceHosts } from "./spec/name-files.ts";

export class NameFiles {
  private readonly context: NodeContext;
  private readonly pod: () => Pod;
  private readonly hosts: string;
  private readonly resolver: string;
  private unsubscribe: () => void = () => undefined;
  private writing: Promise<void> = Promise.resolve();
  private isOutdated = false;
  private isClosed = false;

  /** `pod` is the pod as it is now; `directory` is where the files are kept. */
  constructor(context: NodeContext, pod: () => Pod, directory: string) {
    this.context = context;
    this.pod = pod;
    this.hosts = join(directory, "hosts");
    this.resolver = join(directory, "resolv.conf");
  }

  /** Writes them and says where they are mounted. */
  async write(attachment: NetworkAttachment): Promise<Mount[]> {
    await Promise.all([this.writeHosts(attachment), this.writeResolver()]);
    if (this.context.network.services?.isTransparent === false)
      this.unsubscribe = this.context.services.subscribe(() => this.refresh(attachment));
    return [
      { source: this.hosts, target: "/etc/hosts", readOnly: false },
      { source: this.resolver, target: "/etc/resolv.conf", readOnly: true },
    ];
  }

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.unsubscribe();
    this.isClosed = true;
    await this.writing;
  }

  /** Once for all the changes of one turn, in place: the containers have the very file. */
  private refresh(attachment: NetworkAttachment): void {
    if (this.isOutdated) return;
    this.isOutdated = true;
    this.writing = this.writing.then(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      this.isOutdated = false;
      if (this.isClosed) return;
      await this.writeHosts(attachment).catch((error: unknown) =>
        this.context.log("the names of Services cannot be written", { error, pod: this.pod().metadata.name }),
      );
    });
  }

  private async writeHosts({ ip }: NetworkAttachment): Promise<void> {
    const { domain } = this.context.names;
    const host = this.pod().spec.hostNetwork ? await read("/etc/hosts") : "";
    const services = this.serviceLines();
    await writeFile(this.hosts, hostsFile({ pod: this.pod(), podIP: ip, domain, host, services }));
  }

  private serviceLines(): string[] {
    const { network, services, names } = this.context;
    const router = network.services;
    if (!router || router.isTransparent) return [];
    const namespace = this.pod().metadata.namespace ?? "";
    const addressOf = (ip: string, port: number) => router.addressOf(ip, port);
    return serviceHosts(services.list(), { namespace, domain: names.domain, addressOf });
  }

  private async writeResolver(): Promise<void> {
    const { names, events } = this.context;
    const dns = names.server === undefined ? undefined : { address: names.server, domain: names.domain };
    const { text, problems } = resolverFile(this.pod(), await read("/etc/resolv.conf"), dns);
    for (const problem of problems) events.record(this.pod(), "Warning", "DNSConfigForming", problem);
    await writeFile(this.resolver, text);
  }
}

async function read(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
