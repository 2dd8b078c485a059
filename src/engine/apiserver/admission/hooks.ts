/** Webhook configurations, compiled: which webhooks a write concerns. */
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "#api/builtin/types.gen.ts";
import { compileSelector, type LabelPredicate } from "#kit/selector.ts";
import type { Registry } from "../resources/registry.ts";
import type { ServedResource } from "../resources/served.ts";
import type { Collection } from "../storage/collection.ts";
import type { ObjectStore } from "../storage/objects.ts";
import { type Conditions, compileConditions } from "./conditions.ts";
import type { Operation } from "./gate.ts";

const REGISTRATION_GROUP = "admissionregistration.k8s.io";

/** One webhook of one configuration. */
export type Hook = {
  /** Unique among all webhooks. */
  readonly id: string;
  readonly webhook: ValidatingWebhook & Pick<MutatingWebhook, "reinvocationPolicy">;
  readonly selectsObject: LabelPredicate | undefined;
  readonly selectsNamespace: LabelPredicate | undefined;
  readonly conditions: Conditions | undefined;
};

/** A webhook that a write concerns, and the version of the resource in which it wants to see it. */
export type Match = { readonly hook: Hook; readonly as: ServedResource };

export type Matches = { readonly mutating: readonly Match[]; readonly validating: readonly Match[] };

const NONE: Matches = { mutating: [], validating: [] };

/** Keeps the compiled webhooks, and which of them concern which resource, until a configuration changes. */
export class Hooks {
  private readonly registry: Registry;
  private readonly configurations: { mutating: Collection; validating: Collection };
  private compiled: { mutating: Hook[]; validating: Hook[] } | undefined;
  private matches = new Map<string, Matches>();
  private generation = -1;

  constructor(objects: ObjectStore, registry: Registry) {
    this.registry = registry;
    this.configurations = {
      mutating: objects.collection(REGISTRATION_GROUP, "mutatingwebhookconfigurations"),
      validating: objects.collection(REGISTRATION_GROUP, "validatingwebhookconfigurations"),
    };
    const forget = (): void => {
      this.compiled = undefined;
      this.matches.clear();
    };
    this.configurations.mutating.listen(forget);
    this.configurations.validating.listen(forget);
  }

  /** The webhooks that concern an operation on a resource; undefined when there are none. */
  find(served: ServedResource, subresource: string | undefined, operation: Operation): Matches | undefined {
    const { mutating, validating } = this.configurations;
    if (mutating.size === 0 && validating.size === 0) return undefined;
    if (served.facts.group === REGISTRATION_GROUP) return undefined;
    if (this.generation !== this.registry.generation) this.matches.clear();
    this.generation = this.registry.generation;
    const key = `${operation} ${served.apiVersion} ${served.facts.plural}/${subresource ?? ""}`;
    let matches = this.matches.get(key);
    if (!matches) {
      matches = this.match(served, subresource, operation);
      this.matches.set(key, matches);
    }
    return matches === NONE ? undefined : matches;
  }

  private match(served: ServedResource, subresource: string | undefined, operation: Operation): Matches {
    this.compiled ??= {
      mutating: compileAll("mutating", this.configurations.mutating),
      validating: compileAll("validating", this.configurations.validating),
    };
    const { group, plural } = served.facts;
    const versions = this.registry.all().filter(({ facts }) => facts.group === group && facts.plural === plural);
    const select = (hooks: readonly Hook[]): Match[] =>
      hooks.flatMap((hook) => {
        const candidates = hook.webhook.matchPolicy === "Exact" ? [served] : [served, ...versions];
        const as = candidates.find((candidate) =>
          hook.webhook.rules?.some((rule) => concerns(rule, { served: candidate, subresource, operation })),
        );
        return as ? [{ hook, as }] : [];
      });
    const found = { mutating: select(this.compiled.mutating), validating: select(this.compiled.validating) };
    return found.mutating.length + found.validating.length === 0 ? NONE : found;
  }
}

/** All webhooks in the order in which they are called: by the names of their configurations. */
function compileAll(kind: string, configurations: Collection): Hook[] {
  return configurations.range().flatMap((entry) => {
    const { webhooks = [] } = entry.object as unknown as ValidatingWebhookConfiguration;
    return webhooks.map((webhook, index) => ({
      id: `${kind}/${entry.name}/${webhook.name}/${index}`,
      webhook,
      selectsObject: selectorOf(webhook.objectSelector),
      selectsNamespace: selectorOf(webhook.namespaceSelector),
      conditions: compileConditions(webhook.matchConditions ?? []),
    }));
  });
}

function selectorOf(selector: ValidatingWebhook["objectSelector"]): LabelPredicate | undefined {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return Object.keys(matchLabels).length + matchExpressions.length > 0
    ? compileSelector(selector as Parameters<typeof compileSelector>[0])
    : undefined;
}

type Write = { served: ServedResource; subresource: string | undefined; operation: Operation };

function concerns(rule: RuleWithOperations, { served, subresource, operation }: Write): boolean {
  const { group, version, plural } = served.facts;
  return (
    hasOrAll(rule.operations, operation) &&
    hasOrAll(rule.apiGroups, group) &&
    hasOrAll(rule.apiVersions, version) &&
    (rule.resources ?? []).some((resource) => namesResource(resource, plural, subresource)) &&
    (rule.scope === undefined || rule.scope === "*" || rule.scope === (served.namespaced ? "Namespaced" : "Cluster"))
  );
}

function hasOrAll(values: readonly string[] | undefined, value: string): boolean {
  return values?.includes("*") || values?.includes(value) || false;
}

/** `pods`, `pods/status`, `pods/*`, `* /status` (without the blank), `*` (no subresources), `* /*`. */
function namesResource(pattern: string, plural: string, subresource: string | undefined): boolean {
  const [resource, sub] = pattern.split("/", 2);
  if (resource !== "*" && resource !== plural) return false;
  return sub === "*" || sub === subresource;
}
