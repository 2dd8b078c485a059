/** `@ytt:version`. */
import { Fault } from "../errors.ts";
import { asString, makeModule, only } from "./define.ts";

/** The release of ytt whose behaviour this evaluator has. */
const VERSION = "0.49.0";

const SEMVER =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

export const VERSION_MODULE = makeModule("version", {
  require_at_least: (call) => {
    const wanted = asString(only(call));
    const match = SEMVER.exec(wanted);
    if (!match) throw new Fault(`version string '${wanted}' must be a valid semver`);
    const have = VERSION.split(".").map(Number);
    const want = match.slice(1, 4).map(Number);
    const index = want.findIndex((part, i) => part !== have[i]);
    if (index >= 0 && (want[index] ?? 0) > (have[index] ?? 0))
      throw new Fault(`ytt version '${VERSION}' does not meet the minimum required version '${wanted}'`);
    return null;
  },
});
