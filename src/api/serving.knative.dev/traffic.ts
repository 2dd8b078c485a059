/** Where requests go, and the parts of a status that all addressable kinds share. */
import { type Infer, s } from "#kit/schema/build.ts";

export const trafficTarget = s.object({
  tag: s.optional(s.string({ doc: "Gives the target an URL of its own" })),
  revisionName: s.optional(s.string()),
  configurationName: s.optional(s.string()),
  latestRevision: s.optional(s.boolean()),
  percent: s.optional(s.int({ doc: "Share of the requests; all shares add up to 100" })),
  url: s.optional(s.string()),
});

export type TrafficTarget = Infer<typeof trafficTarget>;

export const address = s.object({
  url: s.optional(s.string()),
  name: s.optional(s.string()),
  audience: s.optional(s.string()),
  CACerts: s.optional(s.string()),
});

export const annotations = s.optional(s.map(s.string()));

/** Printer columns that every kind of this group ends with. */
export const readyColumns = {
  Ready: ".status.conditions[?(@.type=='Ready')].status",
  Reason: ".status.conditions[?(@.type=='Ready')].reason",
} as const;
