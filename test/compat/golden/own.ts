/** Checks servers of our own: one without controllers, and one with them for the cases that are about them. */
import { Agent } from "node:https";
import { ObjectCache } from "#engine/controller/cache.ts";
import { runControllers } from "#engine/controller/run.ts";
import { coreControllers } from "#platform/core/index.ts";
import { KubeClient } from "#ports/kube/client.ts";
import { type Cluster, startCluster } from "../cluster.ts";
import type { Case } from "./case.ts";
import { casesOf, check, type Verdict } from "./check.ts";
import { isOfControllers } from "./play.ts";

/** Cases of controllers mostly wait for times to come. */
const WAITING_AT_ONCE = 40;

/** Plays the cases whose area and name begin with `prefix`. */
export async function checkOwn(prefix = ""): Promise<Verdict[]> {
  const { true: ofControllers = [], false: ofServer = [] } = Object.groupBy(await casesOf(prefix), (script) =>
    isOfControllers(script) ? "true" : "false",
  );
  const verdicts: Verdict[] = [];
  if (ofServer.length > 0) {
    await using cluster = await startCluster({ controllers: false });
    verdicts.push(...(await checkCluster(cluster, ofServer)));
  }
  if (ofControllers.length > 0) {
    await using cluster = await startCluster();
    const cache = new ObjectCache(new KubeClient(cluster.inProcess));
    const running = runControllers(cache, coreControllers());
    try {
      verdicts.push(...(await checkCluster(cluster, ofControllers, WAITING_AT_ONCE)));
    } finally {
      await running.close();
      cache.close();
    }
  }
  return verdicts;
}

async function checkCluster({ server }: Cluster, cases: readonly Case[], atOnce?: number): Promise<Verdict[]> {
  const token = await server.issueToken({ name: "golden", groups: ["system:masters"] }, 3600);
  const agent = new Agent({ keepAlive: true });
  try {
    return await check({ base: server.url, token, agent, quietMs: 400 }, cases, atOnce);
  } finally {
    agent.destroy();
  }
}
