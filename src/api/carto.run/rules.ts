/** What blueprints and templates must keep beyond their shape, as CEL rules. Spec: the admission rules of Cartographer. */
import type { CelRule } from "#kit/schema/structural.ts";

type Refusal = { field: string; holds: string; message: string };
/** A rule of a part of an object, as schemas are built with it. */
type Rule = { cel: string; messageExpression: string };

/** A rule of whole objects of `kind`. `message` is an expression; the kind and name are put before it. */
function rule(kind: string, { field, holds, message }: Refusal): CelRule {
  const subject = `'error validating ${kind.toLowerCase()} [' + self.metadata.name + ']: '`;
  return { rule: holds, messageExpression: `${subject} + ${message}`, fieldPath: field };
}

const filled = (path: string): string => `(has(${path}) && size(${path}) > 0)`;
const quoted = (text: string): string => `'${text}'`;
/** How many of the conditions hold. */
const count = (...conditions: string[]): string => conditions.map((condition) => `(${condition} ? 1 : 0)`).join(" + ");

const STEPS = "self.spec.resources";

const SELECTED: Refusal = {
  field: ".spec",
  holds: ["selector", "selectorMatchExpressions", "selectorMatchFields"]
    .map((field) => filled(`self.spec.${field}`))
    .join(" || "),
  message: quoted("at least one selector, selectorMatchExpression, selectorMatchField must be specified"),
};

/** A rule of one step. */
const stepRule = (cel: string, message: string): Rule => ({
  cel,
  messageExpression: `'error validating resource [' + self.name + ']: ' + ${message}`,
});

const OPTIONS = "self.templateRef.options";
const eachOption = (holds: string): string => `!has(${OPTIONS}) || ${OPTIONS}.all(o, ${holds})`;

/** The rules of a step about its template; `inputs` are the kinds that give each of its inputs. */
function templateRefRules(inputs: Readonly<Record<string, string>>): Rule[] {
  const known = Object.entries(inputs).map(
    ([input, kind]) =>
      `(self.templateRef.kind == '${kind}' && has(self.${input}) && self.${input}.exists(i, i.name == o.passThrough))`,
  );
  return [
    stepRule(
      `${filled("self.templateRef.name")} != ${filled(OPTIONS)}`,
      `'exactly one of templateRef.Name or templateRef.Options must be specified, found ' + (${filled(OPTIONS)} ? 'both' : 'neither')`,
    ),
    stepRule(
      `!${filled(OPTIONS)} || size(${OPTIONS}) > 1`,
      quoted("templateRef.Options must have more than one option"),
    ),
    {
      cel: eachOption(`!has(o.name) || ${OPTIONS}.exists_one(p, has(p.name) && p.name == o.name)`),
      messageExpression: "'duplicate template name found in options for resource [' + self.name + ']'",
    },
    stepRule(
      `!has(${OPTIONS}) || size(${OPTIONS}.filter(o, has(o.passThrough))) <= 1`,
      quoted("cannot have more than one pass through option"),
    ),
    stepRule(
      eachOption(`!has(o.passThrough) || ${known.join(" || ")}`),
      quoted("pass through does not refer to a known input"),
    ),
    stepRule(
      eachOption(`${OPTIONS}.exists_one(p, p.selector == o.selector)`),
      quoted("duplicate selector found in options"),
    ),
  ];
}

const EMPTY_SELECTOR = ["matchLabels", "matchExpressions", "matchFields"]
  .map((field) => `!${filled(`self.selector.${field}`)}`)
  .join(" && ");

/** The rules of one option. */
export const OPTION_RULES: readonly Rule[] = [
  {
    cel: `${filled("self.name")} != ${filled("self.passThrough")}`,
    messageExpression: `'exactly one of option.Name or option.PassThrough must be specified, found ' + (${filled("self.name")} ? 'both' : 'neither')`,
  },
  {
    cel: `!(${EMPTY_SELECTOR})`,
    messageExpression:
      "'error validating option [' + (has(self.name) ? self.name : 'passThrough') + '] selector: at least one of matchLabels, matchExpressions or MatchFields must be specified'",
  },
];

/**
 * Inputs come from steps that there are, and that give what is asked of them. Which input it is cannot be said: what
 * searches a list for a message costs more than servers grant.
 */
function inputRules(input: string, kind: string): Refusal[] {
  const each = (holds: string): string => `${STEPS}.all(r, !has(r.${input}) || r.${input}.all(i, ${holds}))`;
  return [
    {
      field: ".spec.resources",
      holds: each(`${STEPS}.exists(o, o.name == i.resource)`),
      message: quoted(`invalid ${input}: an input is provided by unknown resource`),
    },
    {
      field: ".spec.resources",
      holds: each(`!${STEPS}.exists(o, o.name == i.resource && o.templateRef.kind != '${kind}')`),
      message: quoted(`invalid ${input}: the resource providing an input must reference a ${kind}`),
    },
  ];
}

function blueprintRules(kind: string, inputs: Readonly<Record<string, string>>): CelRule[] {
  const unique: Refusal = {
    field: ".spec.resources",
    holds: `${STEPS}.all(r, ${STEPS}.exists_one(o, o.name == r.name))`,
    message: quoted("duplicate resource name found"),
  };
  const fromOthers = Object.entries(inputs).flatMap(([input, template]) => inputRules(input, template));
  return [SELECTED, unique, ...fromOthers].map((refusal) => rule(kind, refusal));
}

const CHAIN_INPUTS = {
  sources: "ClusterSourceTemplate",
  images: "ClusterImageTemplate",
  configs: "ClusterConfigTemplate",
};
const DELIVERY_INPUTS = { sources: "ClusterSourceTemplate", configs: "ClusterConfigTemplate" };

export const SUPPLY_CHAIN_RULES = blueprintRules("ClusterSupplyChain", CHAIN_INPUTS);
export const SUPPLY_CHAIN_STEP_RULES = templateRefRules(CHAIN_INPUTS);

export const DELIVERY_RULES: readonly CelRule[] = [
  ...blueprintRules("ClusterDelivery", DELIVERY_INPUTS),
  rule("ClusterDelivery", {
    field: ".spec.resources",
    holds: `${STEPS}.all(r, !has(r.deployment) || ${STEPS}.exists(o, o.name == r.deployment.resource))`,
    message: quoted("invalid deployment: it is provided by unknown resource"),
  }),
];

const DEPLOYS = "(self.templateRef.kind == 'ClusterDeploymentTemplate')";
const deliveryStep = (cel: string, message: string): Rule => ({
  cel,
  messageExpression: `'spec.resources[' + self.name + '] ' + ${message}`,
});

export const DELIVERY_STEP_RULES: readonly Rule[] = [
  ...templateRefRules(DELIVERY_INPUTS),
  deliveryStep(
    `has(self.deployment) == ${DEPLOYS}`,
    `(${DEPLOYS} ? 'is a ClusterDeploymentTemplate and must receive a deployment' : 'receives a deployment but is not a ClusterDeploymentTemplate')`,
  ),
  deliveryStep(
    `!(${DEPLOYS} && ${filled("self.configs")})`,
    quoted("is a ClusterDeploymentTemplate and must not receive config"),
  ),
];

const RULE = "self.spec.healthRule";
const FORMS = [`has(${RULE}.alwaysHealthy)`, filled(`${RULE}.singleConditionType`), `has(${RULE}.multiMatch)`];
const judges = (side: string): string =>
  `(${filled(`${RULE}.multiMatch.${side}.matchConditions`)} || ${filled(`${RULE}.multiMatch.${side}.matchFields`)})`;

const NO_NAMESPACE: Refusal = {
  field: ".spec.template",
  holds:
    "!has(self.spec.template) || !has(self.spec.template.metadata) || !has(self.spec.template.metadata.__namespace__) || self.spec.template.metadata.__namespace__ == ''",
  message: quoted("invalid template: template should not set metadata.namespace on the child object"),
};

const TEMPLATE_REFUSALS: readonly Refusal[] = [
  {
    field: ".spec",
    holds: `has(self.spec.template) != ${filled("self.spec.ytt")}`,
    message: `'invalid template: must specify one of template or ytt, found ' + (has(self.spec.template) ? 'both' : 'neither')`,
  },
  NO_NAMESPACE,
  {
    field: ".spec.healthRule",
    holds: `!has(${RULE}) || ${count(...FORMS)} == 1`,
    message: `'invalid health rule: must specify one of alwaysHealthy, singleConditionType or multiMatch, found ' + (${count(...FORMS)} == 0 ? 'neither' : 'multiple')`,
  },
  ...["healthy", "unhealthy"].map((side) => ({
    field: ".spec.healthRule",
    holds: `!has(${RULE}) || !has(${RULE}.multiMatch) || ${judges(side)}`,
    message: quoted(`invalid multi match health rule: ${side} rule has no matchFields or matchConditions`),
  })),
  {
    field: ".spec",
    holds: "!has(self.spec.retentionPolicy) || (has(self.spec.lifecycle) && self.spec.lifecycle != 'mutable')",
    message: quoted("invalid template: if lifecycle is mutable, no retention policy may be set"),
  },
];

const DEPLOYMENT_TEMPLATE: Refusal = {
  field: ".spec",
  holds: `${filled("self.spec.observedMatches")} != has(self.spec.observedCompletion)`,
  message: quoted("invalid spec: must set exactly one of spec.ObservedMatches and spec.ObservedCompletion"),
};

/** The rules of a template kind. */
export function templateRules(kind: string): CelRule[] {
  const own = kind === "ClusterDeploymentTemplate" ? [DEPLOYMENT_TEMPLATE] : [];
  return [...TEMPLATE_REFUSALS, ...own].map((refusal) => rule(kind, refusal));
}

export const RUN_TEMPLATE_RULES: CelRule[] = [rule("ClusterRunTemplate", NO_NAMESPACE)];
