// The vendor's npm client against a running server:  node run.mjs http://127.0.0.1:8080
// The server has examples/fixture.json and nothing else; users made here are deleted again.
import assert from "node:assert/strict";
import users from "@qlik/api/users";

const host = process.argv[2];
const as = (apiKey) => ({ hostConfig: { host, authType: "apikey", apiKey }, noCache: true });
const admin = as("admin-key-0001");
const ids = (page) => page.data.data.map((user) => user.id);
const fails = (status, call) => assert.rejects(call, (error) => {
  assert.equal(error.status, status);
  assert.ok(error.data.errors[0].title);
  return true;
});

/** Every page forwards, then every page backwards. */
async function bothWays(first) {
  const forwards = [first];
  while (forwards.at(-1).next) forwards.push(await forwards.at(-1).next({ noCache: true }));
  const backwards = [forwards.at(-1)];
  while (backwards[0].prev) backwards.unshift(await backwards[0].prev({ noCache: true }));
  assert.ok(forwards.length > 1);
  assert.deepEqual(backwards.map(ids), forwards.map(ids));
  return forwards.flatMap(ids);
}

const steps = {
  async list() {
    const all = await users.getUsers({ limit: 100, totalResults: true }, admin);
    assert.equal(all.status, 200);
    assert.equal(all.data.totalResults, all.data.data.length);
    for (const sort of ["+name", "-name", "createdAt", "-email"]) {
      const paged = await bothWays(await users.getUsers({ limit: 5, sort }, admin));
      assert.deepEqual(paged, ids(await users.getUsers({ limit: 100, sort }, admin)));
    }
    const named = await users.getUsers({ filter: '(name eq "Bob" or name eq "Alice") and (status eq "active" or status eq "disabled")' }, admin);
    assert.deepEqual(named.data.data.map((user) => user.name), ["Alice", "Bob"]);
    await fails(400, users.getUsers({ filter: "name eq" }, admin));
  },
  async filter() {
    const filter = 'name co "a" and (status eq "active" or status eq "invited" or status eq "disabled")';
    const paged = await bothWays(await users.filterUsers({ limit: 2, sort: "-name" }, { filter }, admin));
    assert.deepEqual(paged, ids(await users.filterUsers({ limit: 100, sort: "-name" }, { filter }, admin)));
    await fails(400, users.filterUsers({}, { filter: "shoeSize eq 1" }, admin));
  },
  async create_get_patch_delete() {
    const before = (await users.countUsers({}, admin)).data.total;
    const made = await users.createUser({ subject: "client|1", name: "Zoë 😀", email: "zoe@client.example", status: "invited", assignedRoles: [{ name: "Developer" }] }, admin);
    assert.equal(made.status, 201);
    assert.equal((await users.countUsers({}, admin)).data.total, before + 1);
    await fails(409, users.createUser({ subject: "client|1" }, admin));
    const id = made.data.id;
    const some = await users.getUser(id, { fields: "id,name" }, admin);
    assert.deepEqual(some.data, { id, name: "Zoë 😀" });
    const patched = await users.patchUser(id, [{ op: "replace", path: "/name", value: "Zoe" }, { op: "add", path: "/assignedRoles/-", value: { name: "DataAdmin" } }], admin);
    assert.equal(patched.status, 204);
    const partly = await users.patchUser(id, [{ op: "replace", path: "/preferredLocale", value: "ja" }, { op: "replace", path: "/assignedRoles", value: [{ name: "Nobody" }] }], admin);
    assert.equal(partly.status, 207);
    const whole = (await users.getUser(id, {}, admin)).data;
    assert.equal(whole.name, "Zoe");
    assert.equal(whole.preferredLocale, "ja");
    assert.deepEqual(whole.assignedRoles.map((role) => role.name), ["Developer", "DataAdmin"]);
    assert.equal((await users.deleteUser(id, admin)).status, 204);
    await fails(404, users.getUser(id, {}, admin));
    assert.equal((await users.countUsers({}, admin)).data.total, before);
  },
  async invite() {
    const answer = await users.inviteUsers({ invitees: [{ email: "elvis@client.example", name: "Elvis" }, { email: "bob@corp.example" }, { email: "grace@corp.example" }, { email: "none" }] }, admin);
    assert.equal(answer.status, 207);
    assert.deepEqual(answer.data.data.map((item) => item.status + (item.code || "")), ["ok", "error1002", "exists", "error400"]);
    assert.equal((await users.deleteUser(answer.data.data[0].userId, admin)).status, 204);
  },
  async me() {
    const me = await users.getMyUser(admin);
    assert.equal(me.status, 200);
    assert.equal(me.data.name, "Alice");
    const carla = await users.getMyUser(as("user-key-0002"));
    assert.equal(carla.data.subject, "CORP\\cgomez");
    await fails(403, users.countUsers({}, as("user-key-0002")));
    await fails(401, users.getUsers({}, as("no-key")));
    await fails(401, users.getUsers({}, { hostConfig: { host, authType: "none" }, noCache: true }));
  },
  async large() {
    await fails(413, users.createUser({ subject: "large", name: "x".repeat(30_000_000) }, admin));
  },
};

for (const [name, step] of Object.entries(steps)) {
  await step();
  console.log(`ok ${name}`);
}
