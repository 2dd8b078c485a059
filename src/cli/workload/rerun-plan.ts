/** How an object is made to do its work again: by the means that upstream has for its kind. Pure. */
import type { ObjectMeta, Unstructured } from "#api/meta.ts";
import { STAMP_LABEL } from "#platform/supply/index.ts";

/** A merge patch of the object, or of the newest one that it made; `says` is what happens then. */
export type Rerun = { target: { apiVersion: string; kind: string; metadata: ObjectMeta }; body: object; says: string };

export type RerunInput = {
  /** What the step stamped. */
  stamped: Unstructured;
  /** The newest object that the stamped one made, for kinds that make objects. */
  newest: Unstructured | undefined;
  now: Date;
};

/** Undefined when there is nothing yet that could be run again. */
export function planRerun({ stamped, newest, now }: RerunInput): Rerun | undefined {
  const at = now.toISOString();
  const annotate = (target: Unstructured, key: string, value: string, says: string): Rerun => ({
    target,
    body: { metadata: { annotations: { [key]: value } } },
    says,
  });
  const name = `${stamped.kind} ${stamped.metadata.name}`;
  const [group = ""] = stamped.apiVersion.split("/");
  if (group === "kpack.io" && stamped.kind === "Image")
    return newest && annotate(newest, "image.kpack.io/additionalBuildNeeded", at, `${name} builds again`);
  if (stamped.kind === "Runnable")
    return (
      newest && supersede(newest, `${name} makes a new ${newest.kind}; ${newest.metadata.name} stays for comparison`)
    );
  if (stamped.metadata.labels?.[STAMP_LABEL])
    return supersede(stamped, `a new ${stamped.kind} is made; ${stamped.metadata.name} stays for comparison`);
  if (group.endsWith("toolkit.fluxcd.io"))
    return annotate(stamped, "reconcile.fluxcd.io/requestedAt", at, `${name} looks at its source again`);
  if (group === "argoproj.io") return annotate(stamped, "argocd.argoproj.io/refresh", "hard", `${name} compares again`);
  return annotate(stamped, "slipway.dev/reconcile-requested-at", at, `${name} is looked at again`);
}

/** The run no longer counts as one of its content, so its controller makes another. */
function supersede(run: Unstructured, says: string): Rerun {
  return { target: run, body: { metadata: { labels: { [STAMP_LABEL]: "superseded" } } }, says };
}
