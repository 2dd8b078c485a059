/** `cluster-supply-chain list` and `get`: which chains there are, whether they are ready, and what workloads they take. */
import { ClusterSupplyChain } from "#api/carto.run/supply-chain.ts";
import { findCondition } from "#kit/conditions.ts";
import { requirementsOf } from "#platform/supply/index.ts";
import type { Connection } from "../connection.ts";
import { CliError } from "../errors.ts";
import { age, parseFormat, print, renderTable } from "../print.ts";

type Output = { output?: string };
type Requirement = ReturnType<typeof requirementsOf>[number];

export async function listSupplyChains({ client }: Connection, { output }: Output): Promise<void> {
  const { items } = await client.list(ClusterSupplyChain);
  const now = new Date();
  print(parseFormat(output), items, () => {
    if (items.length === 0) return "No cluster supply chains found.";
    const rows = items.map((chain) => {
      const { name, creationTimestamp } = chain.metadata;
      return [name, readiness(chain), age(creationTimestamp, now), selectorOf(chain).map(inShort).join(", ")];
    });
    return renderTable([["NAME", "READY", "AGE", "SELECTOR"], ...rows]);
  });
}

/** Throws CliError when there is no such chain. */
export async function getSupplyChain({ client }: Connection, name: string, { output }: Output): Promise<void> {
  const chain = await client.get(ClusterSupplyChain, name);
  if (!chain)
    throw new CliError(
      "notFound",
      `cluster supply chain "${name}" not found`,
      "slipway cluster-supply-chain list shows all.",
    );
  print(parseFormat(output), chain, () => renderChain(chain, new Date()));
}

function renderChain(chain: ClusterSupplyChain, now: Date): string {
  const conditions = (chain.status?.conditions ?? []).map(
    ({ type, status, reason = "", message = "", lastTransitionTime }) => [
      type,
      status,
      reason,
      age(lastTransitionTime, now),
      message,
    ],
  );
  const selectors = selectorOf(chain).map(({ on, key, operator, values }) => [
    `${on}s`,
    key,
    operator,
    values.join(", "),
  ]);
  const steps = chain.spec.resources.map(({ name, templateRef: { kind, name: template, options = [] } }) => [
    name,
    kind,
    template ?? options.map((option) => option.name ?? `pass through ${option.passThrough}`).join(" | "),
  ]);
  return [
    `# ${chain.metadata.name}: ${readiness(chain)}`,
    titled("Conditions", [["TYPE", "STATUS", "REASON", "AGE", "MESSAGE"], ...conditions]),
    titled("Supply Chain Selectors", [["TYPE", "KEY", "OPERATOR", "VALUE"], ...selectors]),
    titled("Steps", [["NAME", "KIND", "TEMPLATE"], ...steps]),
  ].join("\n\n");
}

function titled(title: string, rows: string[][]): string {
  const lines = renderTable(rows).split("\n");
  return [title, ...lines.map((line) => `   ${line}`)].join("\n");
}

function readiness(chain: ClusterSupplyChain): string {
  const { status = "Unknown", reason = "" } = findCondition(chain, "Ready") ?? {};
  return status === "True" ? "Ready" : reason || status;
}

function selectorOf({ spec }: ClusterSupplyChain): Requirement[] {
  const { selector, selectorMatchExpressions, selectorMatchFields } = spec;
  return requirementsOf({
    matchLabels: selector,
    matchExpressions: selectorMatchExpressions,
    matchFields: selectorMatchFields,
  });
}

/** As kubectl writes selectors. */
function inShort({ key, operator, values }: Requirement): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  if (operator === "In" && values.length === 1) return `${key}=${values[0]}`;
  return `${key} ${operator.toLowerCase()} (${values.join(",")})`;
}
