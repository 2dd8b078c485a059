/** The log subresource of pods. The bytes come from whoever runs the containers. */
import type { Pod } from "#api/builtin/types.gen.ts";
import { failure, notFound } from "#kit/status.ts";
import type { Answer } from "../wire/answer.ts";
import type { Query, ResourceRequest } from "../wire/request.ts";

/** Opens the log of a container; the stream ends with the log, or when `signal` aborts. */
export type PodStreams = (
  namespace: string,
  pod: string,
  container: string,
  query: Query,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>;

/** Streams the log of one container of a pod. Throws BadRequest when the container is not clear. */
export function logs(request: ResourceRequest, streams: PodStreams | undefined): Answer {
  const { served, target, query } = request;
  const namespace = target.namespace ?? "";
  const name = target.name ?? "";
  const entry = served.collection.get(served.key(namespace, name));
  if (!entry) throw notFound(served.id, name);
  const container = containerOf(entry.object as unknown as Pod, query.container);
  if (!streams) throw failure("ServiceUnavailable", "no node is connected to this control plane: logs cannot be read");
  const signal = request.signal ?? new AbortController().signal;
  const chunks = streams(namespace, name, container, query, signal);
  return { kind: "stream", contentType: "text/plain", chunks };
}

function containerOf(pod: Pod, asked: string | undefined): string {
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(({ name }) => name);
  if (asked) {
    if (names.includes(asked)) return asked;
    throw failure("BadRequest", `container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const [only, ...more] = names;
  if (only && more.length === 0) return only;
  throw failure(
    "BadRequest",
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(" ")}]`,
  );
}
