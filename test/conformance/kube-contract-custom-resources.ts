import { expect, test } from "vitest";
import { isConflict, KubeError } from "../../src/kube/kube-error.ts";
import {
  customResourceDefinitions,
  resourcePath,
  type ObjectRef,
  type Resource,
} from "../../src/kube/resources.ts";
import type { Cluster } from "./contract-cluster.ts";
import { definition, plainSpec, widgets, type Widget } from "./widget.ts";

const mergePatch = "application/merge-patch+json";

/** Schemas, status and versions of custom resources: what SecretSync and its relatives rely on. */
export function customResourceContract(get: () => Cluster): void {
  async function createWidget(spec: object = plainSpec, more: object = {}): Promise<Widget> {
    const namespace = await get().freshNamespace();
    const widget = {
      metadata: { name: "subject", namespace },
      spec: spec as Readonly<Record<string, unknown>>,
      ...more,
    };
    return get().kube.create(widgets, widget);
  }

  function patchStatus(resource: Resource<Widget>, ref: ObjectRef, patch: object): Promise<Widget> {
    return get().kube.mergePatch(resource, ref, patch, { subresource: "status" });
  }

  async function refusalOf(call: Promise<unknown>): Promise<KubeError> {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(KubeError);
    return error as KubeError;
  }

  test("defaults are filled in, also inside objects that are given", async () => {
    const { spec } = await createWidget();
    expect(spec).toEqual({ ...plainSpec, controller: "", object: { ...plainSpec.object, type: "Opaque" } });
  });

  test("fields that the schema does not know are dropped, except below a field that keeps them", async () => {
    const { spec } = await createWidget({
      ...plainSpec,
      unknown: 1,
      free: { any: { depth: [1, null] } },
      parameters: { a: "b" },
    });
    expect(spec).not.toHaveProperty("unknown");
    expect(spec).toMatchObject({ free: { any: { depth: [1, null] } }, parameters: { a: "b" } });
  });

  test("null takes the default, is dropped, or stays where the field is nullable", async () => {
    const { spec } = await createWidget({ ...plainSpec, controller: null, mode: null, note: null });
    expect(spec).toHaveProperty("controller", "");
    expect(spec).not.toHaveProperty("mode");
    expect(spec).toHaveProperty("note", null);
  });

  const data = plainSpec.object.data;
  test.each([
    [{ object: { data } }, "spec.className", "FieldValueRequired"],
    [{ ...plainSpec, className: "Not_A_Name" }, "spec.className", "FieldValueInvalid"],
    [{ ...plainSpec, className: "" }, "spec.className", "FieldValueInvalid"],
    [{ ...plainSpec, className: "a".repeat(254) }, "spec.className", "FieldValueTooLong"],
    [{ ...plainSpec, className: 5 }, "spec.className", "FieldValueTypeInvalid"],
    [{ ...plainSpec, mode: "other" }, "spec.mode", "FieldValueNotSupported"],
    [{ ...plainSpec, size: 11 }, "spec.size", "FieldValueInvalid"],
    [{ ...plainSpec, size: 1.5 }, "spec.size", "FieldValueTypeInvalid"],
    [{ ...plainSpec, object: { data: [] } }, "spec.object.data", "FieldValueInvalid"],
    [
      {
        ...plainSpec,
        object: { data: Array.from({ length: 5 }, (_, i) => ({ source: "a", target: `${i}` })) },
      },
      "spec.object.data",
      "FieldValueTooMany",
    ],
    [
      { ...plainSpec, object: { data: [{ source: "a" }] } },
      "spec.object.data[0].target",
      "FieldValueRequired",
    ],
    [{ ...plainSpec, object: { data: [data[0], data[0]] } }, "spec.object.data[1]", "FieldValueDuplicate"],
    [{ ...plainSpec, object: {} }, "spec.object.data", "FieldValueRequired"],
    [{ ...plainSpec, parameters: { a: 1 } }, "spec.parameters.a", "FieldValueTypeInvalid"],
    [{ ...plainSpec, force: "a.b" }, "spec.force", "FieldValueInvalid"],
  ])("the spec %j is refused for %s", async (spec, field, reason) => {
    const error = await refusalOf(createWidget(spec));
    expect(error).toMatchObject({ status: 422, code: "Invalid", reason: "Invalid" });
    expect(error.details).toMatchObject({ name: "subject", group: "contract.keyweir.dev", kind: "Widget" });
    expect(error.causes).toContainEqual(expect.objectContaining({ field, reason }));
    expect(error.message).toContain(field);
  });

  test("all errors are told at once", async () => {
    const error = await refusalOf(createWidget({ object: { data: [{ source: "" }] }, size: -1 }));
    expect(new Set(error.causes.map(({ field }) => field))).toEqual(
      new Set(["spec.className", "spec.object.data[0].source", "spec.object.data[0].target", "spec.size"]),
    );
  });

  test("numbers and integers or strings keep what they are", async () => {
    const { spec } = await createWidget({ ...plainSpec, ratio: 1.5, port: "http", size: 10 });
    expect(spec).toMatchObject({ ratio: 1.5, port: "http", size: 10 });
  });

  test("a patch is validated as a whole object, and a refused one changes nothing", async () => {
    const widget = await createWidget();
    const error = await refusalOf(
      get().kube.mergePatch(widgets, widget.metadata, { spec: { className: null, mode: "fast" } }),
    );
    expect(error.causes.map(({ field }) => field)).toEqual(["spec.className"]);
    expect((await get().kube.get(widgets, widget.metadata)).spec).toEqual(widget.spec);
  });

  test("generation counts changes of the spec, not of labels or status", async () => {
    const widget = await createWidget();
    expect(widget.metadata.generation).toBe(1);
    const labelled = await get().kube.mergePatch(widgets, widget.metadata, {
      metadata: { labels: { a: "1" } },
    });
    expect(labelled.metadata.generation).toBe(1);
    const reported = await patchStatus(widgets, widget.metadata, { status: { hash: "1" } });
    expect(reported.metadata.generation).toBe(1);
    const changed = await get().kube.mergePatch(widgets, widget.metadata, { spec: { mode: "fast" } });
    expect(changed.metadata.generation).toBe(2);
    const same = await get().kube.mergePatch(widgets, widget.metadata, { spec: { mode: "fast" } });
    expect(same.metadata).toMatchObject({ generation: 2, resourceVersion: changed.metadata.resourceVersion });
  });

  test("status is written only through its sub-resource, and that writes nothing else", async () => {
    const widget = await createWidget(plainSpec, { status: { hash: "from create" } });
    expect(widget.status).toBeUndefined();
    const main = await get().kube.mergePatch(widgets, widget.metadata, { status: { hash: "from main" } });
    expect(main.status).toBeUndefined();
    const patch = { metadata: { labels: { a: "1" } }, spec: { mode: "fast" }, status: { hash: "right" } };
    const reported = await patchStatus(widgets, widget.metadata, patch);
    expect(reported.status).toEqual({ hash: "right" });
    expect(reported.spec).toEqual(widget.spec);
    expect(reported.metadata.labels).toBeUndefined();
    const edited = await get().kube.mergePatch(widgets, widget.metadata, { spec: { mode: "fast" } });
    expect(edited.status).toEqual({ hash: "right" });
  });

  test("a status patch that changes nothing does not move the resourceVersion", async () => {
    const widget = await createWidget();
    const patch = { status: { hash: "1", conditions: [readyCondition] } };
    const first = await patchStatus(widgets, widget.metadata, patch);
    await get().pass(1_100);
    const second = await patchStatus(widgets, widget.metadata, patch);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("a status patch has no uid to guard it: the sub-resource takes no metadata, only a resourceVersion", async () => {
    const { metadata } = await createWidget();
    const foreign = { metadata: { uid: "00000000-0000-4000-8000-000000000000" }, status: { hash: "1" } };
    const reported = await patchStatus(widgets, metadata, foreign);
    expect(reported).toMatchObject({ metadata: { uid: metadata.uid }, status: { hash: "1" } });
    const { resourceVersion } = metadata;
    const stale = { metadata: { resourceVersion }, status: { hash: "2" } };
    const error = await refusalOf(patchStatus(widgets, metadata, stale));
    expect(error).toMatchObject({ status: 409, code: "Conflict" });
    expect((await get().kube.get(widgets, metadata)).status).toEqual({ hash: "1" });
  });

  test.each([
    [
      { conditions: [{ ...readyCondition, status: "Maybe" }] },
      "status.conditions[0].status",
      "FieldValueNotSupported",
    ],
    [{ conditions: [readyCondition, readyCondition] }, "status.conditions[1]", "FieldValueDuplicate"],
    [{ conditions: [{ type: "Ready" }] }, "status.conditions[0].reason", "FieldValueRequired"],
    [{ syncedAt: "yesterday" }, "status.syncedAt", "FieldValueTypeInvalid"],
    [{ hash: 5 }, "status.hash", "FieldValueTypeInvalid"],
  ])("the status %j is refused for %s", async (status, field, reason) => {
    const { metadata } = await createWidget();
    const error = await refusalOf(patchStatus(widgets, metadata, { status }));
    expect(error.status).toBe(422);
    expect(error.causes).toContainEqual(expect.objectContaining({ field, reason }));
  });

  test("a resourceVersion inside a patch or a replacement must be the present one", async () => {
    const old = await createWidget();
    const patch = (resourceVersion: string) => ({ metadata: { resourceVersion }, spec: { mode: "fast" } });
    const present = await get().kube.mergePatch(widgets, old.metadata, patch(old.metadata.resourceVersion!));
    const stale = { metadata: { resourceVersion: old.metadata.resourceVersion }, spec: { mode: "slow" } };
    expect(isConflict(await refusalOf(get().kube.mergePatch(widgets, old.metadata, stale)))).toBe(true);
    expect(isConflict(await refusalOf(get().kube.replace(widgets, old)))).toBe(true);
    expect(
      isConflict(await refusalOf(patchStatus(widgets, old.metadata, { ...stale, status: { hash: "1" } }))),
    ).toBe(true);
    const replaced = await get().kube.replace(widgets, { ...present, spec: plainSpec });
    expect(replaced.spec).not.toHaveProperty("mode");
    expect(replaced.metadata.generation).toBe(3);
  });

  test("a JSON patch is applied in order, and refused as a whole when a test or a path fails", async () => {
    const { metadata } = await createWidget();
    const path = resourcePath(widgets, metadata);
    const send = (operations: object) => get().send("PATCH", path, operations, "application/json-patch+json");
    const good = await send([
      { op: "test", path: "/spec/className", value: "plain" },
      { op: "add", path: "/spec/object/data/-", value: { source: "c", target: "d" } },
      { op: "replace", path: "/spec/object/data/0/source", value: "z" },
      { op: "add", path: "/metadata/annotations", value: { "example.com/slash": "1" } },
      { op: "remove", path: "/metadata/annotations/example.com~1slash" },
    ]);
    expect(good.status).toBe(200);
    expect(good.body["spec"].object.data).toEqual([
      { source: "z", target: "b" },
      { source: "c", target: "d" },
    ]);
    const failedTest = await send([
      { op: "replace", path: "/spec/className", value: "other" },
      { op: "test", path: "/spec/className", value: "plain" },
    ]);
    expect(failedTest.status).toBe(422);
    expect((await send([{ op: "remove", path: "/spec/nothing" }])).status).toBe(422);
    expect((await send([{ op: "whirl", path: "/spec" }])).status).toBe(422);
    expect((await get().kube.get(widgets, metadata)).spec).toMatchObject({ className: "plain" });
  });

  test("a strategic merge patch of a custom resource is an unsupported media type", async () => {
    const { metadata } = await createWidget();
    const path = resourcePath(widgets, metadata);
    const answer = await get().send("PATCH", path, {}, "application/strategic-merge-patch+json");
    expect(answer.status).toBe(415);
    expect(answer.body["reason"]).toBe("UnsupportedMediaType");
  });

  test("a custom resource names its kind and version", async () => {
    const path = resourcePath(widgets, { namespace: "default" });
    const bare = { metadata: { name: "bare" }, spec: plainSpec };
    expect((await get().send("POST", path, bare)).status).toBe(400);
    const other = { ...bare, apiVersion: "contract.keyweir.dev/v1alpha1", kind: "Gizmo" };
    expect((await get().send("POST", path, other)).status).toBe(422);
  });

  test("with fieldValidation=Strict a field that the schema does not know is refused", async () => {
    const { metadata } = await createWidget();
    const path = resourcePath(widgets, metadata, { fieldValidation: "Strict" });
    const answer = await get().send("PATCH", path, { spec: { unknown: 1 } }, mergePatch);
    expect(answer.status).toBe(422);
    expect(answer.body["message"]).toContain('unknown field "spec.unknown"');
  });

  test("a definition added later is served as soon as it is established", async () => {
    const later = definition("Gadget", `gadgets${Math.floor(get().clock.wallMs() % 1e6)}`, false);
    const plural = later.spec.names.plural;
    const gadgets: Resource<Widget> = { ...widgets, plural, kind: "Gadget" };
    await get().kube.create(customResourceDefinitions, later);
    await get().eventually(async () => {
      const { status } = await get().kube.get(customResourceDefinitions, later.metadata);
      return (status?.conditions ?? []).some(
        ({ type, status }) => type === "Established" && status === "True",
      );
    });
    const namespace = await get().freshNamespace();
    const gadget = await get().eventually(() =>
      get()
        .kube.create(gadgets, {
          metadata: { name: "one", namespace },
          spec: plainSpec,
          status: { hash: "1" },
        })
        .catch(() => undefined),
    );
    expect(gadget).toMatchObject({ kind: "Gadget", status: { hash: "1" } });
    expect((await refusalOf(patchStatus(gadgets, gadget.metadata, {}))).status).toBe(404);
    await get().kube.delete(customResourceDefinitions, later.metadata);
    const error = await get().eventually(() =>
      get()
        .kube.get(gadgets, gadget.metadata)
        .then(() => undefined)
        .catch((thrown: unknown) => thrown as KubeError),
    );
    expect(error.status).toBe(404);
  });
}

const readyCondition = {
  type: "Ready",
  status: "True",
  reason: "Done",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
