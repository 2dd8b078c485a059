/** The log subresource of pods. The bytes come from whoever runs the containers. */
import { failure } from "#kit/status.ts";
import type { PodStreams } from "../streams/pod-streams.ts";
import { containerOf, podOf } from "../streams/target.ts";
import type { Answer } from "../wire/answer.ts";
import type { ResourceRequest } from "../wire/request.ts";

/** Streams the log of one container of a pod. Throws BadRequest when the container is not clear. */
export function logs(request: ResourceRequest, streams: PodStreams | undefined): Answer {
  const { query } = request;
  const pod = podOf(request);
  const { namespace = "", name } = pod.metadata;
  const container = containerOf(pod, query.container);
  if (!streams) throw failure("ServiceUnavailable", "no node is connected to this control plane: logs cannot be read");
  const signal = request.signal ?? new AbortController().signal;
  const chunks = streams.logs(namespace, name, container, query, signal);
  return { kind: "stream", contentType: "text/plain", chunks };
}
