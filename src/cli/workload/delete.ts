/** `workload delete`: by name, by file, or all of a namespace, with everything that was made of them. */
import { Workload } from "#api/carto.run/workload.ts";
import type { Connection } from "../connection.ts";
import { parseDuration } from "../duration.ts";
import { CliError } from "../errors.ts";
import { readInput } from "../input.ts";
import { requireConsent, type Terminal } from "../terminal.ts";
import { parseWorkload } from "./base.ts";
import { waitUntilGone } from "./wait.ts";

export type DeleteOptions = { all?: boolean; file?: string; wait?: boolean; waitTimeout: string };
type Place = { name: string; namespace: string };

/** Throws CliError when one that is named does not exist; the others are deleted all the same. */
export async function deleteWorkloads(
  connection: Connection,
  terminal: Terminal,
  { names, options }: { names: readonly string[]; options: DeleteOptions },
): Promise<void> {
  const timeoutMs = parseDuration(options.waitTimeout);
  const places = await placesOf(connection, names, options);
  if (places.length === 0) return console.log(`No workloads found in namespace ${connection.namespace}.`);
  const listed = places.map(({ name }) => `"${name}"`).join(", ");
  await requireConsent(terminal, `Really delete the workload${places.length > 1 ? "s" : ""} ${listed}?`);
  const missing: Place[] = [];
  for (const place of places) {
    const deleted = await connection.client.delete(Workload, place, { propagation: "Foreground" });
    if (deleted) console.log(`workload "${place.name}" deleted`);
    else missing.push(place);
  }
  if (options.wait) await waitForAll(connection, places, timeoutMs);
  const [first] = missing;
  if (first) throw new CliError("notFound", `workload "${first.name}" not found in namespace ${first.namespace}`);
}

async function placesOf(
  { client, namespace }: Connection,
  names: readonly string[],
  { all, file }: DeleteOptions,
): Promise<Place[]> {
  if (all && (names.length > 0 || file)) throw new CliError("usage", "--all goes without names and without --file");
  if (all)
    return (await client.list(Workload, { namespace })).items.map(({ metadata }) => ({
      name: metadata.name,
      namespace,
    }));
  const places = names.map((name) => ({ name, namespace }));
  if (file) {
    const { metadata } = parseWorkload(await readInput(file), file);
    places.push({ name: metadata.name, namespace: metadata.namespace ?? namespace });
  }
  if (places.length === 0) throw new CliError("usage", "name a workload", "Or use --file, or --all.");
  return places;
}

async function waitForAll(connection: Connection, places: readonly Place[], timeoutMs: number): Promise<void> {
  const gone = await Promise.all(places.map((place) => waitUntilGone(connection, { ...place, timeoutMs })));
  const still = places.find((_, at) => !gone[at]);
  if (still)
    throw new CliError(
      "failed",
      `workload "${still.name}" was not gone within ${timeoutMs / 1000} s`,
      `slipway workload get ${still.name} -n ${still.namespace}`,
    );
}
