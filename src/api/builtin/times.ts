/** Times as a server stores them: RFC 3339 in UTC, whole seconds or microseconds. */

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

function parse(value: unknown): { seconds: string; fraction: string } {
  const match = TIME.exec(String(value));
  const at = match ? new Date(`${match[1]}${match[3]}`) : undefined;
  if (!match || !at || Number.isNaN(at.getTime()))
    throw new SyntaxError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
    );
  return { seconds: at.toISOString().slice(0, 19), fraction: match[2] ?? "" };
}

/** The time in whole seconds. Throws SyntaxError. */
export function canonicalTime(value: unknown): string {
  return `${parse(value).seconds}Z`;
}

/** The time in microseconds. Throws SyntaxError. */
export function canonicalMicroTime(value: unknown): string {
  const { seconds, fraction } = parse(value);
  return `${seconds}.${fraction.padEnd(6, "0").slice(0, 6)}Z`;
}
