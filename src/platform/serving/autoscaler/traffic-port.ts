/** What the autoscaler needs to know of the requests, and what it may ask of whoever forwards them. */

export type RevisionStats = {
  /** `namespace/name` */
  revision: string;
  /** Average number of requests in flight or waiting since the last report. */
  concurrency: number;
  /** Requests per second that arrived since the last report. */
  requests: number;
};

export interface TrafficPort {
  /** Calls back when a request waits for a revision (`namespace/name`) that has no ready replica. */
  onDemand(listener: (revisionKey: string) => void): () => void;
  onStats(listener: (stats: readonly RevisionStats[]) => void): () => void;
  /** From now on requests wait instead of being forwarded; false, and no change, while requests are in flight. */
  deactivate(revisionKey: string): Promise<boolean>;
}
