/** What the gateway knows: hosts, revisions, endpoints. Plain data that crosses to the worker thread. */

export type Endpoint = { host: string; port: number };

export type Split = {
  /** `namespace/name` */
  revision: string;
  percent: number;
  appendHeaders?: Readonly<Record<string, string>> | undefined;
};

export type RoutePath = {
  splits: readonly Split[];
  /** Prefix of the request path. */
  path?: string | undefined;
  /** Exact values of headers, by lower-case name, that a request must have. */
  headers?: Readonly<Record<string, string>> | undefined;
  appendHeaders?: Readonly<Record<string, string>> | undefined;
  /** Route as if the request were for this host, and tell the application so. */
  rewriteHost?: string | undefined;
};

export type RevisionRoute = {
  endpoints: readonly Endpoint[];
  /** From the arrival of a request to the end of its answer. */
  timeoutSeconds: number;
  /** Requests that an endpoint takes at a time; 0 for no bound. */
  containerConcurrency: number;
};

export type RouteTable = {
  /** By host name in lower case, without a port. Paths in the order in which they are tried. */
  hosts: Readonly<Record<string, readonly RoutePath[]>>;
  revisions: Readonly<Record<string, RevisionRoute>>;
};

export const EMPTY_TABLE: RouteTable = { hosts: {}, revisions: {} };

export type RequestFacts = {
  host: string;
  path: string;
  /** The value of a header, by lower-case name. */
  header: (name: string) => string | undefined;
};

export type Match = { path: RoutePath; rewriteHost?: string | undefined };

const MOST_REWRITES = 4;

/** The path that a request takes; undefined when no host or path fits. */
export function matchRoute(table: RouteTable, request: RequestFacts): Match | undefined {
  let host = hostName(request.host);
  let rewriteHost: string | undefined;
  for (let step = 0; step < MOST_REWRITES; step++) {
    const paths = Object.hasOwn(table.hosts, host) ? (table.hosts[host] ?? []) : [];
    const path = paths.find((candidate) => fits(candidate, request));
    if (!path?.rewriteHost) return path && { path, rewriteHost };
    rewriteHost = path.rewriteHost;
    host = hostName(rewriteHost);
  }
  return undefined;
}

function fits({ path, headers }: RoutePath, request: RequestFacts): boolean {
  if (path !== undefined && !request.path.startsWith(path)) return false;
  if (headers === undefined) return true;
  return Object.entries(headers).every(([name, value]) => request.header(name) === value);
}

/** Lower case, without the port. */
export function hostName(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}

/** The split that gets the request; `random` is from 0 to below 1. */
export function chooseSplit(splits: readonly Split[], random: number): Split | undefined {
  const [first] = splits;
  if (splits.length <= 1) return first;
  const total = splits.reduce((sum, { percent }) => sum + percent, 0);
  let left = random * total;
  for (const split of splits) {
    left -= split.percent;
    if (left < 0) return split;
  }
  return first;
}
