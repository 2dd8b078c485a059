/** A rehearsal for people: which supply chain and why, and each step with its parameters, object and difference. Pure. */
import {
  type Candidate,
  describeRequirement,
  type ExplainedParam,
  type Rehearsal,
  type RehearsedStep,
} from "#platform/supply/index.ts";
import { renderDiff } from "../diff.ts";
import { renderTable } from "../print.ts";
import type { Terminal } from "../terminal.ts";

type Painter = Pick<Terminal, "paint">;

export function renderRehearsal(rehearsal: Rehearsal, terminal: Painter): string {
  return [selection(rehearsal), ...rehearsal.steps.map((step) => renderStep(step, terminal))].join("\n\n");
}

function selection({ chain, problem, candidates }: Rehearsal): string {
  const title = chain ? `Supply chain ${chain} would be taken` : `No supply chain would be taken: ${problem}`;
  return [title, ...candidates.flatMap((candidate) => candidateLines(candidate, candidate.name === chain))].join("\n");
}

function candidateLines({ name, score, requirements }: Candidate, isChosen: boolean): string[] {
  const met = requirements.filter((requirement) => requirement.met).length;
  const verdict = isChosen ? "chosen" : score === undefined ? "no" : "matches less specifically";
  const lacking = requirements.filter((requirement) => !requirement.met);
  return [
    `   ${name}: ${verdict}, ${met} of ${requirements.length} requirements met`,
    ...lacking.map((requirement) => {
      const has =
        requirement.problem ??
        (requirement.found === undefined ? "it is absent" : `it is ${shorten(requirement.found)}`);
      return `      wants ${describeRequirement(requirement)}; ${has}`;
    }),
  ];
}

const CHANGES: { readonly [change: string]: string } = {
  create: "would be created",
  update: "would change",
  none: "stays as it is",
  unknown: "cannot be told",
};

function renderStep(step: RehearsedStep, terminal: Painter): string {
  const { object, placement, template, passThrough, unknown, problem } = step;
  const by = template ? ` by ${template.kind} ${template.name}` : passThrough ? `: passes ${passThrough} on` : "";
  const name = object && `${object.kind}/${object.metadata.name ?? `${object.metadata.generateName}…`}`;
  const change = placement && CHANGES[placement.change];
  const head = terminal.paint("bold", `Step ${step.name}${by}`);
  const diff = placement && placement.change !== "none" ? renderDiff(placement.before, placement.after, terminal) : "";
  return [
    head,
    ...optionLines(step),
    ...(step.params.length > 0 ? indent(paramTable(step.params)) : []),
    ...(name ? [`   ${name}${change ? ` ${change}` : ""}`] : []),
    ...(unknown.length > 0 && object ? [`   not known yet: the output of ${unknown.join(", ")}`] : []),
    ...(problem ? [`   ${problem}`] : []),
    ...(placement?.problem ? [`   the server says: ${placement.problem}`] : []),
    ...(diff ? indent(diff) : []),
  ].join("\n");
}

function optionLines({ options = [], template, passThrough }: RehearsedStep): string[] {
  const chosen = template?.name ?? (passThrough && `pass through ${passThrough}`);
  return options.flatMap((option) =>
    candidateLines({ ...option, name: `option ${option.name}` }, option.name === chosen),
  );
}

function paramTable(params: readonly ExplainedParam[]): string {
  const rows = params.map(({ name, value, from, locked, refused }) => [
    name,
    shorten(JSON.stringify(value)),
    `${from}${locked ? ", locked" : ""}${refused === undefined ? "" : `; the workload's ${shorten(JSON.stringify(refused))} is refused`}`,
  ]);
  return renderTable([["PARAM", "VALUE", "FROM"], ...rows]);
}

const LONGEST = 60;

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function indent(text: string): string[] {
  return text.split("\n").map((line) => `   ${line}`);
}
