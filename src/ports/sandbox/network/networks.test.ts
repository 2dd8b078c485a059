/** Both pod networks: attachments, reuse, and that nothing is left on the host. */
import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { describe, it } from "node:test";
import { runHostTool } from "../process.ts";
import { createBridgeNetwork } from "./bridge.ts";
import { detectNetwork } from "./detect.ts";
import { createLoopbackNetwork } from "./loopback.ts";

const INSTANCE = "deadbeef";
const detected = await detectNetwork({ instance: "feedbeef" });
await detected.network.close();

describe("loopback network", () => {
  it("gives every container port a free port of its own, stable for the pod, and takes it back", async () => {
    const network = createLoopbackNetwork({ start: 4242 });
    const [one, two] = await Promise.all([network.attach("one", [8080, 9090]), network.attach("two", [8080])]);
    const ports = [one.port(8080), one.port(9090), two.port(8080)];
    assert.equal(new Set(ports).size, 3);
    assert.equal((await network.attach("one", [8080, 9090])).port(8080), one.port(8080));
    assert.equal(one.port(1234), 1234, "an undeclared port is what it is");
    await network.release("one");
    await network.close();
  });

  it("is what users without root get, and says so", async () => {
    const { network, problems } = await detectNetwork({ instance: INSTANCE, uid: 1000 });
    assert.equal(network.name, "loopback");
    assert.match(problems.join(), /not root/);
  });
});

const skip = detected.network.name === "bridge" ? false : detected.problems.join("; ");

describe("bridge network", { skip }, () => {
  it("gives every pod a namespace with an address that the host reaches, and cleans up after itself", async () => {
    const network = createBridgeNetwork({ instance: INSTANCE });
    await network.recover();
    const [one, two] = await Promise.all([network.attach("one", []), network.attach("two", [])]);
    assert.notEqual(one.ip, two.ip);
    assert.equal(one.port(8080), 8080);
    await access(one.netns ?? "");
    const inside = await runHostTool("ip", ["-n", one.netns?.split("/").at(-1) ?? "", "-br", "addr"]);
    assert.match(inside.stdout, new RegExp(`eth0\\S*\\s+UP\\s+${one.ip}/16`));
    await network.release("one");
    await assert.rejects(access(one.netns ?? ""));
    await network.close();
    await assert.rejects(access(two.netns ?? ""));
    assert.equal(networkInterfaces()[`sw-${INSTANCE}`], undefined);
  });

  it("removes what a killed program left", async () => {
    const killed = createBridgeNetwork({ instance: INSTANCE });
    await killed.recover();
    const left = await killed.attach("left", []);
    const next = createBridgeNetwork({ instance: INSTANCE });
    await next.recover();
    await assert.rejects(access(left.netns ?? ""));
    await next.close();
  });
});
