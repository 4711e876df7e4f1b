import { expect, test } from "vitest";
import { configMaps, resourcePath, secrets } from "../../src/kube/resources.ts";
import type { Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets } from "./widget.ts";

/**
 * The same token for the first version of all. A real server keeps some snapshots in memory beyond etcd's history, but
 * its tokens show their version; the sandbox's do not, and it keeps nothing.
 */
function aged(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  return text.startsWith("{")
    ? Buffer.from(JSON.stringify({ ...(JSON.parse(text) as object), rv: 1 })).toString("base64url")
    : token;
}

/** Lists: selectors and pages. */
export function listContract(get: () => Cluster): void {
  async function createMaps(count: number): Promise<string> {
    const namespace = await get().freshNamespace();
    for (let index = 0; index < count; index++) {
      const labels = { parity: index % 2 === 0 ? "even" : "odd", ...(index < 2 ? { early: "" } : {}) };
      await get().kube.create(configMaps, { metadata: { name: `map-${index}`, namespace, labels } });
    }
    return namespace;
  }
  const names = (list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] }) =>
    list.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith("map-"));

  test.each([
    ["parity=even", [0, 2, 4]],
    ["parity==odd", [1, 3]],
    ["parity!=odd,early", [0]],
    ["parity in (odd, other)", [1, 3]],
    ["parity notin (odd)", [0, 2, 4]],
    ["!early,parity", [2, 3, 4]],
    ["early=", [0, 1]],
    ["nothing", []],
  ])("the label selector %j finds what it says", async (labelSelector, expected) => {
    const namespace = await createMaps(5);
    const list = await get().kube.list(configMaps, { namespace, labelSelector });
    expect(names(list)).toEqual(expected.map((index) => `map-${index}`));
  });

  test("field selectors know name and namespace, and the type of a Secret", async () => {
    const namespace = await createMaps(2);
    const one = await get().kube.list(configMaps, { namespace, fieldSelector: "metadata.name=map-1" });
    expect(names(one)).toEqual(["map-1"]);
    const anywhere = { fieldSelector: `metadata.namespace=${namespace},metadata.name!=map-1` };
    expect(names(await get().kube.list(configMaps, anywhere))).toEqual(["map-0"]);
    for (const type of ["Opaque", "example.com/other"]) {
      await get().kube.create(secrets, {
        metadata: { name: type.replace(/\W/g, "-").toLowerCase(), namespace },
        type,
      });
    }
    const typed = await get().kube.list(secrets, { namespace, fieldSelector: "type=Opaque" });
    expect(typed.items.map(({ metadata }) => metadata.name)).toEqual(["opaque"]);
  });

  test.each([
    "labelSelector=a+in+(",
    "labelSelector=!!",
    "fieldSelector=data.x%3D1",
    "limit=some",
    "fieldSelector=oops",
  ])("the bad query %s is a 400", async (query) => {
    const answer = await get().send("GET", `/api/v1/namespaces/default/configmaps?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  });

  test("pages of a list are one snapshot, in order, without gap or repetition", async () => {
    const namespace = await createMaps(5);
    const query = { namespace, limit: 2, labelSelector: "parity" };
    const first = await get().kube.list(configMaps, query);
    expect(names(first)).toEqual(["map-0", "map-1"]);
    await get().kube.delete(configMaps, { namespace, name: "map-3" });
    await get().kube.create(configMaps, {
      metadata: { name: "map-9", namespace, labels: { parity: "odd" } },
    });
    const second = await get().kube.list(configMaps, { ...query, continue: first.metadata.continue! });
    const third = await get().kube.list(configMaps, { ...query, continue: second.metadata.continue! });
    expect([...names(second), ...names(third)]).toEqual(["map-2", "map-3", "map-4"]);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(third.metadata.continue ?? "").toBe("");
  });

  test("a page says how many remain, unless a selector makes that unknown", async () => {
    const namespace = await get().freshNamespace();
    for (const name of ["a", "b", "c"])
      await get().kube.create(widgets, { metadata: { name, namespace }, spec: plainSpec });
    const page = await get().send("GET", resourcePath(widgets, { namespace }, { limit: 1 }));
    expect(page.body["metadata"]).toMatchObject({ remainingItemCount: 2 });
    const selected = resourcePath(widgets, { namespace }, { limit: 1, labelSelector: "!x" });
    expect((await get().send("GET", selected)).body["metadata"]).not.toHaveProperty("remainingItemCount");
  });

  test("a continue token that is no token is a 400", async () => {
    const answer = await get().send("GET", "/api/v1/namespaces/default/configmaps?limit=1&continue=nonsense");
    expect(answer.status).toBe(400);
  });

  test("a continue token older than the server's memory is a 410 with reason Expired", async () => {
    const namespace = await createMaps(2);
    const { metadata } = await get().kube.list(configMaps, { namespace, limit: 1 });
    await get().kube.delete(configMaps, { namespace, name: "map-1" });
    await get().forgetHistory();
    const path = resourcePath(configMaps, { namespace }, { limit: 1, continue: aged(metadata.continue!) });
    const answer = await get().send("GET", path);
    expect(answer.status).toBe(410);
    expect(answer.body).toMatchObject({ reason: "Expired", code: 410 });
  });

  test("a list names its kind and version; items of core kinds do not name theirs, custom ones do", async () => {
    const namespace = await createMaps(1);
    await get().kube.create(widgets, { metadata: { name: "a", namespace }, spec: plainSpec });
    const maps = (await get().send("GET", resourcePath(configMaps, { namespace }))).body;
    expect(maps).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
    expect(maps["items"][0]).not.toHaveProperty("kind");
    const custom = (await get().send("GET", resourcePath(widgets, { namespace }))).body;
    expect(custom).toMatchObject({ kind: "WidgetList", apiVersion: "contract.keyweir.dev/v1alpha1" });
    expect(custom["items"][0]).toMatchObject({ kind: "Widget" });
  });

  test("a list of nothing is an empty list", async () => {
    const namespace = await get().freshNamespace();
    expect((await get().kube.list(widgets, { namespace })).items).toEqual([]);
  });

  test("a list over all namespaces is sorted by namespace and name", async () => {
    const list = await get().kube.list(configMaps, { labelSelector: "parity" });
    const keys = list.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(keys.length).toBeGreaterThan(5);
    expect(keys).toEqual(keys.toSorted((left, right) => (left < right ? -1 : 1)));
  });
}
