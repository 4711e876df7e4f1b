import { expect, test } from "vitest";
import { createSandbox } from "./sandbox.ts";
import { named, send, mergePatch } from "./testing/requests.ts";

const maps = "/api/v1/namespaces/default/configmaps";

async function start() {
  const sandbox = createSandbox();
  const create = async (name: string, owners: readonly object[] = [], finalizers: string[] = []) => {
    const metadata = { name, ownerReferences: owners, finalizers };
    const { body } = await send(sandbox, maps, { body: { ...named("ConfigMap", name), metadata } });
    return { apiVersion: "v1", kind: "ConfigMap", name, uid: body.metadata!.uid };
  };
  const remove = (name: string, propagationPolicy = "Background") =>
    send(sandbox, `${maps}/${name}`, { method: "DELETE", body: { propagationPolicy } });
  const names = () => sandbox.objects("ConfigMap").map(({ metadata }) => metadata.name);
  const owners = (name: string) =>
    sandbox.objects("ConfigMap").find(({ metadata }) => metadata.name === name)?.metadata.ownerReferences ??
    [];
  return { sandbox, create, remove, names, owners };
}

test("dependents go with their last owner, and theirs with them", async () => {
  const { create, remove, names, owners } = await start();
  const first = await create("first");
  const second = await create("second");
  const child = await create("child", [first, second]);
  await create("grandchild", [child]);
  await remove("first");
  expect(names()).toEqual(["child", "grandchild", "second"]);
  expect(owners("child")).toEqual([second]);
  await remove("second");
  expect(names()).toEqual([]);
});

test("an owner that is gone, or another one of that name, does not count", async () => {
  const { create, remove, names } = await start();
  const owner = await create("owner");
  await remove("owner");
  await create("owner");
  await create("orphan", [owner]);
  expect(names()).toEqual(["owner"]);
});

test("an owner of a kind that is not served counts as alive", async () => {
  const { create, names } = await start();
  await create("kept", [{ apiVersion: "apps/v1", kind: "Deployment", name: "x", uid: "y" }]);
  expect(names()).toEqual(["kept"]);
});

test("orphaned dependents stay and forget their owner", async () => {
  const { create, remove, names, owners } = await start();
  await create("child", [await create("owner")]);
  await remove("owner", "Orphan");
  expect(names()).toEqual(["child"]);
  expect(owners("child")).toEqual([]);
});

test("in the foreground the owner waits for its dependents", async () => {
  const { sandbox, create, remove, names } = await start();
  await create("child", [await create("owner")], ["example.com/wait"]);
  await remove("owner", "Foreground");
  expect(names()).toEqual(["child", "owner"]);
  await send(sandbox, `${maps}/child`, {
    method: "PATCH",
    body: { metadata: { finalizers: null } },
    contentType: mergePatch,
  });
  expect(names()).toEqual([]);
});

test("a namespace goes when all that was in it is gone", async () => {
  const { sandbox } = await start();
  await send(sandbox, "/api/v1/namespaces", { body: named("Namespace", "shop") });
  const path = "/api/v1/namespaces/shop/configmaps";
  const metadata = { name: "held", finalizers: ["example.com/wait"] };
  await send(sandbox, path, { body: { ...named("ConfigMap", "held"), metadata } });
  await send(sandbox, path, { body: named("ConfigMap", "free") });
  await send(sandbox, "/api/v1/namespaces/shop", { method: "DELETE" });
  expect(sandbox.objects("ConfigMap").map((map) => map.metadata.name)).toEqual(["held"]);
  expect((await send(sandbox, path, { body: named("ConfigMap", "late") })).status).toBe(403);
  expect((await send(sandbox, "/api/v1/namespaces/shop")).body["status"]).toEqual({ phase: "Terminating" });
  await send(sandbox, `${path}/held`, {
    method: "PATCH",
    body: { metadata: { finalizers: [] } },
    contentType: mergePatch,
  });
  expect((await send(sandbox, "/api/v1/namespaces/shop")).status).toBe(404);
  expect(sandbox.objects("ServiceAccount", "shop")).toEqual([]);
});
