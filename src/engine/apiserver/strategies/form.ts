/** Built-in objects in the form that a real server stores: see {@link builtinForm}. */
import { builtinForm, type Form, fillFields, tidyFields } from "#api/builtin/forms.ts";
import type { Unstructured } from "#api/meta.ts";
import { isObject } from "#kit/json.ts";
import { failure, StatusError } from "#kit/status.ts";
import type { Part, Strategy } from "./strategy.ts";

/** A value that a field of its type cannot take. */
export class UnfitError extends StatusError {
  readonly why: string;

  constructor(kind: string, version: string, why: string) {
    super(failure("BadRequest", `${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`).status);
    this.why = why;
  }
}

type Facts = { group: string; kind: string; builtin: boolean };

/** Kinds whose type has another name. */
const TYPES: { readonly [groupKind: string]: string } = {
  "autoscaling/HorizontalPodAutoscaler": "AutoscalingV2HorizontalPodAutoscaler",
  "events.k8s.io/Event": "EventsV1Event",
};

const forms = new Map<string, Form | undefined>();

/** How the kind's objects are written, their metadata left out; undefined for kinds that are not built in. */
function formOf({ group, kind, builtin }: Facts): Form | undefined {
  if (!builtin) return undefined;
  const type = TYPES[`${group}/${kind}`] ?? kind;
  if (forms.has(type)) return forms.get(type);
  const whole = builtinForm(type);
  const form = whole && {
    fields: new Map([...whole.fields].filter(([name]) => name !== "metadata")),
    fills: whole.fills.filter(([name]) => name !== "metadata"),
  };
  forms.set(type, form);
  return form;
}

/** The strategy, with drafts brought into form before its defaults, and completed after each of its steps. */
export function formed(strategy: Strategy, facts: Facts): Strategy {
  const form = formOf(facts);
  if (!form) return strategy;
  return {
    ...strategy,
    defaults: (draft) => {
      tidy(form, draft);
      if (form.fields.get("spec")?.required) draft.spec ??= {};
      strategy.defaults?.(draft);
      fillFields(form, draft);
    },
    prepareCreate: (draft) => {
      strategy.prepareCreate?.(draft);
      fillFields(form, draft);
    },
    prepareUpdate: (draft, current) => {
      strategy.prepareUpdate?.(draft, current);
      fillFields(form, draft);
    },
    ...(strategy.parts && {
      parts: Object.fromEntries(Object.entries(strategy.parts).map(([name, part]) => [name, formedPart(form, part)])),
    }),
    prepareStatus: (draft, current, now) => {
      tidy(form, draft);
      strategy.prepareStatus?.(draft, current, now);
      fillFields(form, draft);
    },
  };
}

function formedPart(form: Form, part: Part): Part {
  return {
    ...part,
    lay: (draft, current, now) => {
      tidy(form, draft);
      const next = part.lay(draft, current, now);
      fillFields(form, next);
      return next;
    },
  };
}

function tidy(form: Form, draft: Unstructured): void {
  try {
    tidyFields(form, draft);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { kind, apiVersion } = draft;
    const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
    throw new UnfitError(kind, version, error.message);
  }
}

/** The structs that CustomResourceDefinitions always have. */
const DEFINITION = { spec: { names: {} }, status: { acceptedNames: {} } };

/** What an object of the kind says before anybody has said anything: nobody owns what is in it. */
export function emptyPart(facts: Facts): Record<string, unknown> {
  const part: Record<string, unknown> = { metadata: {} };
  const form = formOf(facts);
  if (!form) return facts.kind === "CustomResourceDefinition" && facts.builtin ? { ...part, ...DEFINITION } : part;
  fillFields(form, part);
  openLists(form, part);
  return part;
}

/** Lists that are not there have no items. */
function openLists(form: Form, part: Record<string, unknown>): void {
  for (const [name, field] of form.fills) {
    if (field.required && !field.absent) part[name] = [];
    else if (field.type && isObject(part[name])) openLists(field.type, part[name]);
  }
}
