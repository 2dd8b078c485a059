/** Events: whom they are about, and the two sets of words in which they are told. */
import type { Event } from "#api/builtin/types.gen.ts";
import type { Unstructured } from "#api/meta.ts";
import { deepEqual, type Mutable } from "#kit/json.ts";
import { labelKey } from "./rules/names.ts";
import { type Report, violations } from "./rules/report.ts";
import type { Strategy } from "./strategy.ts";

const DEFAULT = "default";
const TYPES = ["Normal", "Warning"];
const MAX_REASON = 128;

/** Events of the core group are told in any way; those of events.k8s.io say who did what when. */
export const eventStrategy: Strategy = {
  nameRule: "path",
  createsOnUpdate: true,
  validate: (draft) =>
    violations((report) => {
      checkObject(draft, (draft as unknown as Event).involvedObject, report.at("involvedObject", "namespace"));
    }),
};

function checkObject(draft: Unstructured, about: { namespace?: string } | undefined, report: Report): void {
  const of = about?.namespace ?? "";
  const { namespace } = draft.metadata;
  const isClusters = of === "" && namespace === DEFAULT;
  if (of !== namespace && !isClusters) report.invalid(of, "does not match event.namespace");
}

/** What an event has told stays so, only its series goes on: fields, and what messages call them. */
const KEPT = [
  ["regarding", "involvedObject"],
  ["reason", "reason"],
  ["note", "message"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
  ["reason", "reason"],
  ["type", "type"],
  ["eventTime", "eventTime"],
  ["action", "action"],
  ["related", "related"],
  ["reportingController", "reportingController"],
  ["reportingInstance", "reportingInstance"],
] as const;

function checkUnchanged(next: Unstructured, before: Unstructured, report: Report): void {
  for (const [field, shown] of KEPT)
    if (!deepEqual(next[field], before[field]))
      report.at(shown).invalid(field === "regarding" ? inGo(next[field]) : next[field], "field is immutable");
}

type Reference = Partial<Event["involvedObject"]>;

/** A reference as a real server shows it, which prints its own representation. */
function inGo(reference: unknown): object {
  const { kind = "", namespace = "", name = "", uid = "", apiVersion = "", ...rest } = (reference ?? {}) as Reference;
  const { resourceVersion = "", fieldPath = "" } = rest;
  return {
    Kind: kind,
    Namespace: namespace,
    Name: name,
    UID: uid,
    APIVersion: apiVersion,
    ResourceVersion: resourceVersion,
    FieldPath: fieldPath,
  };
}

type Series = { readonly count?: number; readonly lastObservedTime?: string | null };

/** An event that happens again and again has happened twice at least. */
function checkSeries(series: Series | undefined, report: Report): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) report.at("count").invalid("", "should be at least 2");
  if (!series.lastObservedTime) report.at("lastObservedTime").required();
}

type NewEvent = Mutable<Event> & { regarding?: { namespace?: string }; reportingController?: string; note?: string };

/** Events of events.k8s.io. */
export const newEventStrategy: Strategy = {
  errorGroup: "",
  nameRule: "path",
  createsOnUpdate: true,
  validate: (draft, current) =>
    violations((report) => {
      const event = draft as unknown as NewEvent;
      checkObject(draft, event.regarding, report.at("involvedObject", "namespace"));
      if (current) {
        checkUnchanged(draft, current, report);
        return;
      }
      if (!event.eventTime) {
        report.at("eventTime").required();
        if (!TYPES.includes(event.type ?? "")) report.at("type").invalid("", `has invalid value: ${event.type ?? ""}`);
        return;
      }
      if (report.at("reportingController").needs(event.reportingController))
        report
          .at("reportingController")
          .invalidFor(event.reportingController, labelKey(event.reportingController ?? ""));
      for (const field of ["reportingInstance", "action", "reason"] as const)
        if (report.at(field).needs(event[field]) && (event[field] ?? "").length > MAX_REASON)
          report.at(field).invalid("", `can have at most ${MAX_REASON} characters`);
      checkSeries(event.series, report.at("series"));
      if (!TYPES.includes(event.type ?? "")) report.at("type").invalid("", `has invalid value: ${event.type ?? ""}`);
    }),
};
