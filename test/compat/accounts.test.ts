// Acting as a service account, over both transports: it may what is granted to it, as long as there is such an account.
import { equal, rejects } from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ConfigMap, Role, RoleBinding, ServiceAccount } from "#api/builtin/index.ts";
import type { ResourceRef } from "#api/meta.ts";
import { StatusError } from "#kit/status.ts";
import { KubeClient } from "#ports/kube/client.ts";
import type { Account } from "#ports/kube/transport.ts";
import { type Cluster, startCluster } from "./cluster.ts";

const GROUP = "rbac.authorization.k8s.io";

function refused(reason: string, message: RegExp) {
  return (error: unknown): boolean =>
    error instanceof StatusError && error.reason === reason && message.test(error.message);
}

for (const kind of ["inProcess", "https"] as const)
  describe(kind, () => {
    let cluster: Cluster;
    let admin: KubeClient;

    before(async () => {
      cluster = await startCluster();
      admin = new KubeClient(cluster[kind]);
    });
    after(() => cluster[Symbol.asyncDispose]());

    const create = <O>(resource: ResourceRef<O>, object: object) => admin.create(resource, object as never);
    async function account(name: string): Promise<Account> {
      const { metadata } = await create(ServiceAccount, { metadata: { name, namespace: "default" } });
      return { namespace: "default", name, uid: metadata.uid ?? "" };
    }
    async function grant(name: string, verbs: string[]): Promise<void> {
      const metadata = { name, namespace: "default" };
      await create(Role, { metadata, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }] });
      const subjects = [{ kind: "ServiceAccount", name, namespace: "default" }];
      await create(RoleBinding, { metadata, subjects, roleRef: { apiGroup: GROUP, kind: "Role", name } });
    }
    const config = (name: string, namespace = "default") => ({ metadata: { name, namespace }, data: {} }) as never;

    test("an account may nothing until it is granted, and then only that", async () => {
      const stamper = await admin.as(await account("stamper"));
      const who = 'User "system:serviceaccount:default:stamper" cannot';
      await rejects(
        stamper.apply(ConfigMap, config("one")),
        refused("Forbidden", new RegExp(`^configmaps "one" is forbidden: ${who} patch resource "configmaps"`)),
      );
      await grant("stamper", ["patch", "create", "get"]);
      equal((await stamper.apply(ConfigMap, config("one"))).metadata.name, "one");
      await rejects(
        stamper.delete(ConfigMap, { name: "one", namespace: "default" }),
        refused("Forbidden", /cannot delete/),
      );
      await rejects(
        stamper.apply(ConfigMap, config("one", "kube-system")),
        refused("Forbidden", /in the namespace "kube-system"$/),
      );
    });

    test("who may change but not create cannot create by applying", async () => {
      const changer = await admin.as(await account("changer"));
      await grant("changer", ["patch"]);
      await rejects(
        changer.apply(ConfigMap, config("two")),
        refused("Forbidden", /"two" is forbidden: .+ cannot create/),
      );
      await admin.create(ConfigMap, config("two"));
      await changer.apply(ConfigMap, config("two"));
    });

    test("an account acts for others only when it may have their tokens", async () => {
      const one = await admin.as(await account("one"));
      await rejects(
        one.as(await account("other")),
        refused("Forbidden", /cannot create resource "serviceaccounts\/token"/),
      );
    });

    test("an account that is gone acts no more", async () => {
      const gone = await account("gone");
      await grant("gone", ["get"]);
      const client = await admin.as(gone);
      equal(await client.get(ConfigMap, "absent", "default"), undefined);
      await admin.delete(ServiceAccount, gone);
      await rejects(client.list(ConfigMap, { namespace: "default" }), StatusError);
      const never = { namespace: "default", name: "never", uid: "u" };
      await rejects(admin.as(never), refused("NotFound", /^serviceaccounts "never" not found$/));
    });
  });
