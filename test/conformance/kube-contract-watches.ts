import { expect, test } from "vitest";
import { configMaps, resourcePath, secrets } from "../../src/kube/resources.ts";
import type { CollectedWatch, Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets } from "./widget.ts";

/** Watches: order, resumption, bookmarks, initial events and expiry. */
export function watchContract(get: () => Cluster): void {
  const summary = (watch: CollectedWatch) =>
    watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`);
  const countIs = (watch: CollectedWatch, count: number) =>
    get().eventually(() => watch.events.length >= count);

  async function emptyNamespace() {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.list(widgets, { namespace });
    return { namespace, resourceVersion: metadata.resourceVersion! };
  }
  const createWidget = (namespace: string, name: string, labels: Record<string, string> = {}) =>
    get().kube.create(widgets, { metadata: { name, namespace, labels }, spec: plainSpec });

  test("each write is one event, in order, with a growing resourceVersion", async () => {
    const { namespace, resourceVersion } = await emptyNamespace();
    using watch = await get().watch(widgets, { namespace }, { resourceVersion });
    const { metadata } = await createWidget(namespace, "a");
    await get().kube.mergePatch(widgets, metadata, { spec: { mode: "fast" } });
    await get().kube.mergePatch(widgets, metadata, { spec: { mode: "fast" } });
    await get().kube.patchStatus(widgets, metadata, { hash: "1" });
    await createWidget(namespace, "b");
    await get().kube.delete(widgets, metadata);
    await countIs(watch, 5);
    expect(summary(watch)).toEqual(["ADDED a", "MODIFIED a", "MODIFIED a", "ADDED b", "DELETED a"]);
    const versions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((left, right) => left - right));
    expect(new Set(versions).size).toBe(5);
    expect(watch.events[4]!.object).toMatchObject({ kind: "Widget", status: { hash: "1" } });
  });

  test("a watch goes on after the version that it names", async () => {
    const { namespace, resourceVersion } = await emptyNamespace();
    const first = await createWidget(namespace, "a");
    await createWidget(namespace, "b");
    using all = await get().watch(widgets, { namespace }, { resourceVersion });
    using rest = await get().watch(
      widgets,
      { namespace },
      { resourceVersion: first.metadata.resourceVersion! },
    );
    await countIs(all, 2);
    await countIs(rest, 1);
    expect(summary(all)).toEqual(["ADDED a", "ADDED b"]);
    expect(summary(rest)).toEqual(["ADDED b"]);
  });

  test.each([{}, { resourceVersion: "0" }])("a watch with %j begins with what is there", async (query) => {
    const { namespace } = await emptyNamespace();
    await createWidget(namespace, "a");
    await createWidget(namespace, "b");
    using watch = await get().watch(widgets, { namespace }, query);
    await countIs(watch, 2);
    expect(summary(watch).toSorted()).toEqual(["ADDED a", "ADDED b"]);
  });

  test("initial events end with a bookmark that says so", async () => {
    const { namespace } = await emptyNamespace();
    await createWidget(namespace, "a");
    using watch = await get().watch(
      widgets,
      { namespace },
      {
        sendInitialEvents: true,
        resourceVersionMatch: "NotOlderThan",
        allowWatchBookmarks: true,
      },
    );
    await countIs(watch, 2);
    expect(watch.events.map(({ type }) => type)).toEqual(["ADDED", "BOOKMARK"]);
    const { metadata } = watch.events[1]!.object;
    expect(metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    expect(Number(metadata.resourceVersion)).toBeGreaterThan(0);
    await createWidget(namespace, "b");
    await countIs(watch, 3);
    expect(summary(watch)[2]).toBe("ADDED b");
  });

  test("bookmarks come when asked for, before the end, and then the server ends the watch", async () => {
    const { namespace, resourceVersion } = await emptyNamespace();
    const options = { resourceVersion, timeoutSeconds: 5 };
    using watch = await get().watch(widgets, { namespace }, { ...options, allowWatchBookmarks: true });
    using plain = await get().watch(widgets, { namespace }, options);
    // A real server sends no bookmark while nothing of the kind has changed since the watch began.
    await createWidget(namespace, "a");
    await get().eventually(() => watch.isOver && plain.isOver);
    expect(watch.events.map(({ type }) => type).slice(0, 2)).toEqual(["ADDED", "BOOKMARK"]);
    const bookmark = watch.events[1]!.object;
    expect(bookmark).toMatchObject({ kind: "Widget", apiVersion: "contract.keyweir.dev/v1alpha1" });
    expect(Number(bookmark.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
    expect(summary(plain)).toEqual(["ADDED a"]);
  });

  test("an object that leaves the selector is deleted for the watch, one that enters is added", async () => {
    const { namespace, resourceVersion } = await emptyNamespace();
    using watch = await get().watch(widgets, { namespace }, { resourceVersion, labelSelector: "on=yes" });
    const { metadata } = await createWidget(namespace, "a", { on: "yes" });
    await createWidget(namespace, "b");
    await get().kube.mergePatch(widgets, metadata, { metadata: { labels: { on: "no" } } });
    await get().kube.mergePatch(widgets, metadata, { spec: { mode: "fast" } });
    await get().kube.mergePatch(widgets, metadata, { metadata: { labels: { on: "yes" } } });
    await countIs(watch, 3);
    expect(summary(watch)).toEqual(["ADDED a", "DELETED a", "ADDED a"]);
    const versions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions[1]).toBeGreaterThan(versions[0]!);
  });

  test("a watch of one object by field selector sees only that one", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.list(secrets, { namespace });
    const query = { resourceVersion: metadata.resourceVersion!, fieldSelector: "metadata.name=wanted" };
    using watch = await get().watch(secrets, { namespace }, query);
    for (const name of ["other", "wanted"])
      await get().kube.create(secrets, { metadata: { name, namespace } });
    await countIs(watch, 1);
    expect(summary(watch)).toEqual(["ADDED wanted"]);
  });

  test("a watch over all namespaces sees each of them", async () => {
    const { resourceVersion } = await emptyNamespace();
    using watch = await get().watch(configMaps, {}, { resourceVersion, labelSelector: "everywhere" });
    for (const name of ["a", "b"]) {
      const namespace = await get().freshNamespace();
      await get().kube.create(configMaps, { metadata: { name, namespace, labels: { everywhere: "" } } });
    }
    await countIs(watch, 2);
    expect(summary(watch)).toEqual(["ADDED a", "ADDED b"]);
  });

  test("a watch from a version that is forgotten gets an ERROR event with 410", async () => {
    const { namespace } = await emptyNamespace();
    using watch = await get().watch(widgets, { namespace }, { resourceVersion: "1" });
    expect(watch.status).toBe(200);
    await countIs(watch, 1);
    expect(watch.events[0]).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", status: "Failure", reason: "Expired", code: 410 },
    });
    await get().eventually(() => watch.isOver);
  });

  test.each(["timeoutSeconds=soon", "labelSelector=!!"])(
    "a watch with the bad query %s is refused with a Status",
    async (query) => {
      const path = `${resourcePath(widgets, { namespace: "default" })}?watch=true&${query}`;
      const answer = await get().send("GET", path);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ kind: "Status", status: "Failure" });
    },
  );

  test("a delete through a finalizer is a modification first", async () => {
    const { namespace, resourceVersion } = await emptyNamespace();
    using watch = await get().watch(widgets, { namespace }, { resourceVersion });
    const finalizers = ["example.com/hold"];
    const { metadata } = await get().kube.create(widgets, {
      metadata: { name: "a", namespace, finalizers },
      spec: plainSpec,
    });
    await get().kube.delete(widgets, metadata);
    await get().kube.mergePatch(widgets, metadata, { metadata: { finalizers: null } });
    await countIs(watch, 3);
    expect(summary(watch)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
    expect(watch.events[1]!.object.metadata.deletionTimestamp).toMatch(/Z$/);
  });
}
