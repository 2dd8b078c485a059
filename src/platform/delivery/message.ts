/** The commit message of a ConfigCommit: subject, then provenance as trailers. Pure. */
import type { ConfigCommit } from "#api/slipway.dev/config-commit.ts";

/** Trailer names are tokens and values one line, so that `git interpret-trailers` reads them back. */
export function commitMessage({ metadata, spec }: ConfigCommit): string {
  const subject = (spec.message ?? `Deliver ${metadata.namespace}/${metadata.name}`).trim();
  const trailers = Object.entries(spec.provenance ?? {})
    .filter(([name, value]) => /^[A-Za-z0-9-]+$/.test(name) && value.trim() !== "")
    .map(([name, value]) => `${name}: ${value.replaceAll(/\s+/g, " ").trim()}`);
  return `${[subject, trailers.join("\n")].filter(Boolean).join("\n\n")}\n`;
}
