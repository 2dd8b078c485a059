/** Continue tokens of paged lists: opaque to clients, they say where the next page begins and in which revision. */
import { failure, type StatusError } from "#kit/status.ts";

/** Without a revision the rest of the list shows the newest state. `after` is the key of the last object given. */
export type PageToken = { revision: number | undefined; after: string };

const VERSION = "meta.k8s.io/v1";

export function renderToken({ revision, after }: PageToken): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision ?? -1, start: after })).toString("base64url");
}

/** Throws BadRequest for anything that this server has not given out. */
export function parseToken(text: string): PageToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;
    if (v === VERSION && typeof rv === "number" && Number.isInteger(rv) && typeof start === "string")
      return { revision: rv < 0 ? undefined : rv, after: start };
  } catch {
    // answered below, with what the client can do about it
  }
  throw failure("BadRequest", "invalid continue token: continue key is not valid: list again without it");
}

/** The 410 for a page of a list that is not kept any more, with a token that goes on in the newest state. */
export function tooOld({ after }: PageToken): StatusError {
  const error = failure(
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  Object.assign(error.status.metadata, { continue: renderToken({ revision: undefined, after }) });
  return error;
}
