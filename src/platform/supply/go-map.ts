/** As Go prints a map: upstream's messages have labels so. Pure. */
export function goMap(values: Readonly<Record<string, string>>): string {
  const entries = Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1));
  return `map[${entries.map(([key, value]) => `${key}:${value}`).join(" ")}]`;
}
