/** Selectors that take nothing, that take the same as another blueprint's, and options that leave owners without a template. Pure. */
import { type BlueprintObject, toSelector } from "../owner.ts";
import type { Selector } from "../selection.ts";
import type { Report } from "./finding.ts";
import type { BlueprintKind } from "./kinds.ts";
import { describeWitness, scoreOf, type Witness, witnessesOf } from "./witness.ts";

/** `others` are all other blueprints of the kind that the cluster would have. */
export function lintCoverage(
  chain: BlueprintObject,
  others: readonly BlueprintObject[],
  { kind, report }: Pick<Field, "kind" | "report">,
): void {
  const selector = toSelector(chain);
  const taken = witnessesOf([selector]).filter((witness) => scoreOf(selector, witness) !== undefined);
  if (taken.length === 0) {
    report.error(
      "selector-empty",
      ["spec"],
      `no ${kind.owner} can meet the selector: its requirements exclude each other`,
    );
    return;
  }
  for (const other of others) lintRival(chain, other, { others, kind, report });
  lintOptions(chain, { kind, report });
}

type Field = { others: readonly BlueprintObject[]; kind: BlueprintKind; report: Report };

/** An owner that both match equally well, and no third one better, gets neither. */
function lintRival(chain: BlueprintObject, rival: BlueprintObject, { others, kind, report }: Field): void {
  const [own, theirs] = [toSelector(chain), toSelector(rival)];
  const tie = witnessesOf([own, theirs]).find((witness) => {
    const score = scoreOf(own, witness);
    if (score === undefined || score !== scoreOf(theirs, witness)) return false;
    return !others.some((third) => (scoreOf(toSelector(third), witness) ?? 0) > score);
  });
  if (tie)
    report.error(
      "selector-conflict",
      ["spec"],
      `${describeWitness(tie, kind.owner)} matches ${chain.metadata.name} and ${rival.metadata.name} equally well and gets neither: make one selector more specific`,
    );
}

function lintOptions(chain: BlueprintObject, { kind, report }: Pick<Field, "kind" | "report">): void {
  const selector = toSelector(chain);
  for (const [index, { name, templateRef }] of chain.spec.resources.entries()) {
    const { options } = templateRef;
    if (!options) continue;
    const path = ["spec", "resources", index, "templateRef", "options"];
    const selectors = options.map((option) => option.selector as Selector);
    const taken = witnessesOf([selector, ...selectors]).filter((witness) => scoreOf(selector, witness) !== undefined);
    const winners = (witness: Witness): number[] => {
      const scores = selectors.map((option) => scoreOf(option, witness) ?? 0);
      const best = Math.max(...scores);
      return best === 0 ? [] : scores.flatMap((score, at) => (score === best ? [at] : []));
    };
    const uncovered = taken.find((witness) => winners(witness).length === 0);
    if (uncovered)
      report.warning(
        "option-missing",
        path,
        `step ${name} has no option for ${describeWitness(uncovered, kind.owner)}`,
      );
    const tied = taken.find((witness) => winners(witness).length > 1);
    if (tied) {
      const names = winners(tied).map((at) => options[at]?.name ?? `pass through ${options[at]?.passThrough}`);
      report.warning(
        "option-conflict",
        path,
        `options ${names.join(" and ")} of step ${name} match ${describeWitness(tied, kind.owner)} equally well`,
      );
    }
    for (const [at, option] of options.entries())
      if (taken.length > 0 && !taken.some((witness) => winners(witness).includes(at)))
        report.warning(
          "option-unused",
          [...path, at],
          `option ${option.name ?? option.passThrough} of step ${name} is never chosen`,
        );
  }
}
