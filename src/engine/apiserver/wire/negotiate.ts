/** Accept headers: in which form a client wants its answer. */
import { failure } from "#kit/status.ts";

export type Form = {
  as: "" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | "APIGroupDiscoveryList";
  version: string;
};

const FORMS = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList", "APIGroupDiscoveryList"] as const;
const PLAIN: Form = { as: "", version: "" };
const parsed = new Map<string, readonly Form[] | "none">();

/** The forms that a client accepts, best first. Throws NotAcceptable when it takes no JSON. */
export function acceptedForms(header: string | undefined): readonly Form[] {
  if (!header) return [PLAIN];
  let forms = parsed.get(header);
  if (!forms) {
    forms = parse(header);
    if (parsed.size > 256) parsed.clear();
    parsed.set(header, forms);
  }
  if (forms === "none") throw failure("NotAcceptable", "only the following media types are accepted: application/json");
  return forms;
}

function parse(header: string): readonly Form[] | "none" {
  const forms = header.split(",").flatMap((range) => {
    const [type, ...parameters] = range
      .trim()
      .split(";")
      .map((part) => part.trim());
    if (type !== "application/json" && type !== "application/*" && type !== "*/*") return [];
    const value = (name: string): string =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    const asked = value("as");
    if (!asked) return [PLAIN];
    const as = FORMS.find((form) => form === asked);
    return as ? [{ as, version: value("v") }] : [];
  });
  return forms.length > 0 ? forms : "none";
}

/** The first accepted form that is one of `offered`; the plain form always is. */
export function choose(forms: readonly Form[], offered: readonly Form["as"][]): Form {
  for (const form of forms) if (form.as === "" || offered.includes(form.as)) return form;
  throw failure("NotAcceptable", "only the following media types are accepted: application/json");
}
