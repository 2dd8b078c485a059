/** `key=value` sets, `key-` removes: the language of repeatable flags. Pure. */
import { CliError } from "../errors.ts";

/** `value` is undefined when the key is to be removed. */
export type Pair = { key: string; value?: string };

/** Throws CliError for anything else. */
function parsePair(text: string): Pair {
  const at = text.indexOf("=");
  if (at > 0) return { key: text.slice(0, at), value: text.slice(at + 1) };
  if (at < 0 && text.endsWith("-") && text.length > 1) return { key: text.slice(0, -1) };
  throw new CliError("usage", `"${text}" is neither key=value nor key-`);
}

/** A copy of the map with the pairs set and removed. */
export function setMembers<V>(
  base: Readonly<Record<string, V>>,
  pairs: readonly string[] = [],
  parse: (value: string, key: string) => V,
): Record<string, V> {
  const result = { ...base };
  for (const { key, value } of pairs.map(parsePair)) {
    if (value === undefined) delete result[key];
    else result[key] = parse(value, key);
  }
  return result;
}

/** A copy of the list of named entries with the pairs set and removed; an entry that stays keeps its place. */
export function setEntries<E extends { name: string }>(
  base: readonly E[] = [],
  pairs: readonly string[] = [],
  entry: (name: string, value: string) => E,
): E[] {
  const result = [...base];
  for (const { key, value } of pairs.map(parsePair)) {
    const at = result.findIndex(({ name }) => name === key);
    const next = value === undefined ? [] : [entry(key, value)];
    if (at >= 0) result.splice(at, 1, ...next);
    else result.push(...next);
  }
  return result;
}
