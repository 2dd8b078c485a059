/** Which pod, and which of its containers, a stream is for. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { failure, notFound } from "#kit/status.ts";
import type { ResourceRequest } from "../wire/request.ts";

/** The pod that a request names. Throws NotFound. */
export function podOf({ served, target }: ResourceRequest): Pod {
  const name = target.name ?? "";
  const entry = served.collection.get(served.key(target.namespace ?? "", name));
  if (!entry) throw notFound(served.id, name);
  return entry.object as unknown as Pod;
}

/** The container that is meant: the named one, or the only one. Throws BadRequest. */
export function containerOf(pod: Pod, asked: string | undefined): string {
  const { metadata, spec } = pod;
  const names = (containers: readonly { name: string }[] = []): string[] => containers.map(({ name }) => name);
  const [main, init, ephemeral] = [
    names(spec?.containers),
    names(spec?.initContainers),
    names(spec?.ephemeralContainers),
  ];
  if (asked) {
    if ([...main, ...init, ...ephemeral].includes(asked)) return asked;
    throw failure("BadRequest", `container ${asked} is not valid for pod ${metadata.name}`);
  }
  const [only, ...more] = main;
  if (only && more.length === 0) return only;
  const others = [
    ...(init.length > 0 ? [` or one of the init containers: [${init.join(" ")}]`] : []),
    ...(ephemeral.length > 0 ? [` or one of the ephemeral containers: [${ephemeral.join(" ")}]`] : []),
  ];
  throw failure(
    "BadRequest",
    `a container name must be specified for pod ${metadata.name}, choose one of: [${main.join(" ")}]${others.join("")}`,
  );
}
