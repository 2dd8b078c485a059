import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { imageGroups, resolveUser } from "./users.ts";

describe("resolveUser", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "slipway-users-"));
    for (const layer of ["base", "top", "evil"]) await mkdir(join(directory, layer, "etc"), { recursive: true });
    await writeFile(join(directory, "base/etc/passwd"), "root:x:0:0::/:/bin/sh\nold:x:5:5::/:/bin/sh\n");
    await writeFile(join(directory, "base/etc/group"), "root:x:0:\nstaff:x:50:\n");
    await writeFile(join(directory, "top/etc/passwd"), "root:x:0:0::/:/bin/sh\ncnb:x:1001:1002::/:/bin/sh\n");
    await symlink("/etc/passwd", join(directory, "evil/etc/passwd"));
  });
  after(() => rm(directory, { recursive: true }));

  const cases: { user: string; uid: number; gid: number }[] = [
    { user: "", uid: 0, gid: 0 },
    { user: "1000", uid: 1000, gid: 0 },
    { user: "1001", uid: 1001, gid: 1002 },
    { user: "7:8", uid: 7, gid: 8 },
    { user: "cnb", uid: 1001, gid: 1002 },
    { user: "cnb:staff", uid: 1001, gid: 50 },
    { user: "9:staff", uid: 9, gid: 50 },
  ];
  for (const { user, uid, gid } of cases)
    it(`"${user}" is ${uid}:${gid}`, async () =>
      assert.deepEqual(await resolveUser(user, [join(directory, "base"), join(directory, "top")]), { uid, gid }));

  it("finds the groups that a user is a member of, by name and by number", async () => {
    const layers = [join(directory, "base"), join(directory, "top")];
    await writeFile(
      join(directory, "top/etc/group"),
      "cnb:x:1002:\nstaff:x:50:root,cnb\nvideo:x:44:cnb\nbad:x:no:cnb\n",
    );
    assert.deepEqual(await imageGroups("cnb", layers), [44, 50]);
    assert.deepEqual(await imageGroups("1001:7", layers), [44, 50]);
    assert.deepEqual(await imageGroups("", layers), [50]);
    assert.deepEqual(await imageGroups("4711", layers), []);
    await rm(join(directory, "top/etc/group"));
  });

  it("does not know names that only a covered layer has", async () => {
    const layers = [join(directory, "base"), join(directory, "top")];
    await assert.rejects(resolveUser("old", layers), /unable to find user old.*use a numeric id/);
  });

  it("does not follow links out of the image", async () => {
    await assert.rejects(resolveUser("daemon", [join(directory, "evil")]), /unable to find user daemon/);
  });
});
