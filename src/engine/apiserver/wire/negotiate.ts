/** Accept headers: in which form a client wants its answer. */
import { failure } from "#kit/status.ts";

export type Form = {
  as: "" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | "APIGroupDiscoveryList";
  version: string;
  media: "json" | "yaml";
};

/** What may be asked for besides the plain form, with the versions in which it is served. */
const FORMS: { readonly [as: string]: readonly string[] } = {
  Table: ["v1", "v1beta1"],
  PartialObjectMetadata: ["v1", "v1beta1"],
  PartialObjectMetadataList: ["v1", "v1beta1"],
  APIGroupDiscoveryList: ["v2", "v2beta1"],
};
const TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const ACCEPTED = `only the following media types are accepted: ${TYPES}`;
const PLAIN: Form = { as: "", version: "", media: "json" };
const parsed = new Map<string, readonly Form[] | "none">();

/**
 * The forms that a client accepts, best first. Throws NotAcceptable when it takes no JSON; `isRouted` says that it asks
 * for a resource that has a route of its own, as built-in ones have.
 */
export function acceptedForms(header: string | undefined, isRouted = false): readonly Form[] {
  if (!header) return [PLAIN];
  let forms = parsed.get(header);
  if (!forms) {
    forms = parse(header);
    if (parsed.size > 256) parsed.clear();
    parsed.set(header, forms);
  }
  if (forms === "none" && isRouted && !hasKnownMedia(header))
    throw failure("NotAcceptable", `406: Not Acceptable\n\nAvailable representations: ${TYPES}`, {});
  if (forms === "none") throw failure("NotAcceptable", ACCEPTED);
  return forms;
}

const KNOWN_MEDIA: ReadonlySet<string> = new Set([...TYPES.split(", "), "application/*", "*/*"]);

function hasKnownMedia(header: string): boolean {
  return header.split(",").some((range) => KNOWN_MEDIA.has((range.split(";", 1)[0] ?? "").trim()));
}

function parse(header: string): readonly Form[] | "none" {
  const forms = header.split(",").flatMap((range) => {
    const [type, ...parameters] = range
      .trim()
      .split(";")
      .map((part) => part.trim());
    const value = (name: string): string =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    if (type === "application/yaml") return value("as") ? [] : [{ ...PLAIN, media: "yaml" as const }];
    if (type !== "application/json" && type !== "application/*" && type !== "*/*") return [];
    const [as, version] = [value("as"), value("v")];
    if (!as) return [PLAIN];
    return FORMS[as]?.includes(version || "v1") || FORMS[as]?.includes(version || "v2")
      ? [{ as: as as Form["as"], version, media: "json" as const }]
      : [];
  });
  return forms.length > 0 ? forms : "none";
}

/** The first accepted form that is one of `offered`; the plain form always is. */
export function choose(forms: readonly Form[], offered: readonly Form["as"][]): Form {
  for (const form of forms) if (form.as === "" || offered.includes(form.as)) return form;
  throw failure("NotAcceptable", ACCEPTED);
}
