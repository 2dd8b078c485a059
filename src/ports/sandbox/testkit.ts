/** For tests with real containers: which of the programs they need are not here. */
import { accessSync } from "node:fs";
import { join } from "node:path";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Why a test that needs the programs is skipped; false when all are installed. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => !PATH.split(":").some((folder) => exists(join(folder, program))));
  return absent.length > 0 && `${absent.join(", ")} not installed`;
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
