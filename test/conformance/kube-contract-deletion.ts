import { expect, test } from "vitest";
import { isNotFound } from "../../src/kube/kube-error.ts";
import type { OwnerReference } from "../../src/kube/objects.ts";
import {
  configMaps,
  namespaces,
  resourcePath,
  secrets,
  serviceAccounts,
  type ObjectRef,
  type Resource,
} from "../../src/kube/resources.ts";
import { at, type Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets } from "./widget.ts";

/** Deletion, garbage collection by owner, and what comes and goes with a namespace. */
export function deletionContract(get: () => Cluster): void {
  const isGone = async (resource: Resource, ref: ObjectRef) => {
    try {
      await get().kube.get(resource, ref);
      return false;
    } catch (error) {
      return isNotFound(error);
    }
  };

  async function ownerOf(namespace: string, name = "owner") {
    const { metadata } = await get().kube.create(widgets, { metadata: { name, namespace }, spec: plainSpec });
    const reference: OwnerReference = {
      apiVersion: "contract.keyweir.dev/v1alpha1",
      kind: "Widget",
      name,
      uid: metadata.uid!,
    };
    return { metadata, reference };
  }

  test("deleting answers with a Status that names the object", async () => {
    const namespace = await get().freshNamespace();
    await get().kube.create(secrets, { metadata: { name: "a", namespace } });
    const answer = await get().send("DELETE", resourcePath(secrets, at(namespace, "a")));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name: "a", kind: "secrets" },
    });
    expect(await isGone(secrets, at(namespace, "a"))).toBe(true);
    expect((await get().send("DELETE", resourcePath(secrets, at(namespace, "a")))).status).toBe(404);
  });

  test("deleting with another uid or resourceVersion is a Conflict, as a dry run it does nothing", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.create(secrets, { metadata: { name: "a", namespace } });
    const uid = "00000000-0000-4000-8000-000000000000";
    for (const wrong of [{ uid }, { resourceVersion: "1" }]) {
      await expect(get().kube.delete(secrets, metadata, wrong)).rejects.toMatchObject({
        status: 409,
        code: "Conflict",
      });
    }
    await get().kube.delete(secrets, metadata, { uid: metadata.uid!, dryRun: true });
    expect(await isGone(secrets, metadata)).toBe(false);
    await get().kube.delete(secrets, metadata, { uid: metadata.uid! });
    expect(await isGone(secrets, metadata)).toBe(true);
  });

  test("an object with a finalizer stays until the finalizer is taken off, and takes no new one", async () => {
    const namespace = await get().freshNamespace();
    const finalizers = ["example.com/hold"];
    const { metadata } = await get().kube.create(widgets, {
      metadata: { name: "a", namespace, finalizers },
      spec: plainSpec,
    });
    await get().kube.delete(widgets, metadata);
    const dying = await get().kube.get(widgets, metadata);
    expect(dying.metadata.deletionTimestamp).toMatch(/Z$/);
    const more = { metadata: { finalizers: [...finalizers, "example.com/more"] } };
    await expect(get().kube.mergePatch(widgets, metadata, more)).rejects.toMatchObject({ status: 422 });
    await get().kube.mergePatch(widgets, metadata, { metadata: { finalizers: [] } });
    expect(await isGone(widgets, metadata)).toBe(true);
  });

  test("a Secret goes with its owner, one that is not owned stays", async () => {
    const namespace = await get().freshNamespace();
    const { metadata, reference } = await ownerOf(namespace);
    const ownerReferences = [reference];
    await get().kube.create(secrets, { metadata: { name: "owned", namespace, ownerReferences } });
    await get().kube.create(secrets, { metadata: { name: "free", namespace } });
    await get().kube.delete(widgets, metadata);
    await get().eventually(() => isGone(secrets, at(namespace, "owned")));
    expect(await isGone(secrets, at(namespace, "free"))).toBe(false);
  });

  test("a Secret with two owners goes with the second", async () => {
    const namespace = await get().freshNamespace();
    const owners = [await ownerOf(namespace, "one"), await ownerOf(namespace, "two")];
    const ownerReferences = owners.map(({ reference }) => reference);
    await get().kube.create(secrets, { metadata: { name: "owned", namespace, ownerReferences } });
    await get().kube.delete(widgets, owners[0]!.metadata);
    await get().eventually(async () => {
      const { metadata } = await get().kube.get(secrets, at(namespace, "owned"));
      return metadata.ownerReferences?.length === 1;
    });
    await get().kube.delete(widgets, owners[1]!.metadata);
    expect(await get().eventually(() => isGone(secrets, at(namespace, "owned")))).toBe(true);
  });

  test("a Secret whose owner has another uid than it says is collected", async () => {
    const namespace = await get().freshNamespace();
    const { reference } = await ownerOf(namespace);
    const ownerReferences = [{ ...reference, uid: "00000000-0000-4000-8000-000000000000" }];
    await get().kube.create(secrets, { metadata: { name: "owned", namespace, ownerReferences } });
    expect(await get().eventually(() => isGone(secrets, at(namespace, "owned")))).toBe(true);
  });

  test("an owner deleted as Orphan leaves what it owned, without owner", async () => {
    const namespace = await get().freshNamespace();
    const { metadata, reference } = await ownerOf(namespace);
    await get().kube.create(secrets, {
      metadata: { name: "owned", namespace, ownerReferences: [reference] },
    });
    await get().kube.delete(widgets, metadata, { propagationPolicy: "Orphan" });
    await get().eventually(() => isGone(widgets, metadata));
    const orphan = await get().kube.get(secrets, at(namespace, "owned"));
    expect(orphan.metadata.ownerReferences ?? []).toEqual([]);
  });

  test("a new namespace is active and gets its default service account", async () => {
    const namespace = await get().freshNamespace();
    const account = await get().eventually(() =>
      get()
        .kube.get(serviceAccounts, at(namespace, "default"))
        .catch(() => undefined),
    );
    expect(account.metadata.name).toBe("default");
    const read = await get().send("GET", resourcePath(namespaces, { name: namespace }));
    expect(read.body["status"]).toEqual({ phase: "Active" });
    expect(read.body["metadata"].labels).toEqual({ "kubernetes.io/metadata.name": namespace });
  });

  test("a deleted namespace takes everything in it along, and nothing new is let in", async () => {
    const namespace = await get().freshNamespace();
    const finalizers = ["example.com/hold"];
    const held = await get().kube.create(configMaps, { metadata: { name: "held", namespace, finalizers } });
    await get().kube.create(secrets, { metadata: { name: "a", namespace } });
    await get().kube.delete(namespaces, { name: namespace });
    await get().eventually(() => isGone(secrets, at(namespace, "a")));
    const late = get().kube.create(secrets, { metadata: { name: "late", namespace } });
    await expect(late).rejects.toMatchObject({ status: 403, code: "Forbidden" });
    await get().kube.mergePatch(configMaps, held.metadata, { metadata: { finalizers: null } });
    await get().eventually(() => isGone(namespaces, { name: namespace }));
  });
}
