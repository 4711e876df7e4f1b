import { expect, test } from "vitest";
import { createSandbox } from "./sandbox.ts";
import { definition, mergePatch, send } from "./testing/requests.ts";

const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async function refusal(body: unknown): Promise<string> {
  const answer = await send(createSandbox(), path, { body });
  return answer.status === 422 ? (answer.body["message"] as string) : `answered ${answer.status}`;
}

test.each([
  [{ type: "object", properties: { a: { type: "string", pattern: "(" } } }, "properties[a].pattern"],
  [{ type: "object", properties: { a: "text" } }, "properties[a]"],
  [{ type: "object", properties: [] }, "properties"],
  [{ type: "thing" }, "type"],
  [{ type: "object", required: "name" }, "required"],
  [{ type: "object", required: [1] }, "required"],
  [{ type: "array", items: null }, "items"],
  [{ type: "object", additionalProperties: 5 }, "additionalProperties"],
  [{ type: "string", maxLength: "5" }, "maxLength"],
  [{ type: "string", enum: "a" }, "enum"],
  [{ type: "string", nullable: 1 }, "nullable"],
  [{ type: "string", anyOf: {} }, "anyOf"],
  [{ type: "string", allOf: [5] }, "allOf[0]"],
  [{ type: "object", "x-kubernetes-validations": [{}] }, "x-kubernetes-validations"],
])("the schema %j is refused at %s", async (spec, field) => {
  expect(await refusal(definition(spec))).toContain(field);
});

test("names, scope and versions have to fit", async () => {
  const good = definition({ type: "object" }) as { metadata: object; spec: Record<string, unknown> };
  const { spec } = good;
  expect(await refusal({ ...good, metadata: { name: "other.test.dev" } })).toContain("metadata.name");
  expect(await refusal({ ...good, spec: { ...spec, scope: "Everywhere" } })).toContain("spec.scope");
  expect(await refusal({ ...good, spec: { ...spec, versions: [] } })).toContain("exactly one version");
  expect(await refusal({ ...good, spec: { ...spec, names: { plural: "widgets" } } })).toContain(
    "spec.names.kind",
  );
  expect(await refusal({ ...good, spec: { ...spec, group: "apps.k8s.io" } })).toContain("protected groups");
  expect(await refusal({ ...good, spec: undefined })).toContain("spec.group: Required value");
});

test("a definition may change its schema, never its names", async () => {
  const sandbox = createSandbox();
  await send(sandbox, path, { body: definition({ type: "object" }) });
  const change = (spec: object) =>
    send(sandbox, `${path}/widgets.test.dev`, { method: "PATCH", body: { spec }, contentType: mergePatch });
  expect((await change({ scope: "Cluster" })).body["message"]).toContain("spec.scope: Invalid value");
  const later = definition({ type: "object", properties: { size: { type: "integer" } } })["spec"] as {
    versions: object;
  };
  expect((await change({ versions: later.versions })).status).toBe(200);
  const widget = { apiVersion: "test.dev/v1", kind: "Widget", metadata: { name: "a" }, spec: { size: "x" } };
  expect((await send(sandbox, "/apis/test.dev/v1/namespaces/default/widgets", { body: widget })).status).toBe(
    422,
  );
});

test("objects go with their definition, and its watches end", async () => {
  const sandbox = createSandbox();
  await send(sandbox, path, { body: definition({ type: "object" }) });
  const widgets = "/apis/test.dev/v1/namespaces/default/widgets";
  await send(sandbox, widgets, {
    body: { apiVersion: "test.dev/v1", kind: "Widget", metadata: { name: "a" } },
  });
  const watched = send(sandbox, `${widgets}?watch=1`);
  await send(sandbox, `${path}/widgets.test.dev`, { method: "DELETE" });
  expect((await watched).text).toMatch(/"ADDED".*\n.*"DELETED"/);
  expect((await send(sandbox, widgets)).status).toBe(404);
});

test("every served version shows the same objects", async () => {
  const sandbox = createSandbox();
  const { spec, ...rest } = definition({ type: "object" }) as { spec: { versions: object[] } };
  const old = { ...spec.versions[0], name: "v1alpha1", storage: false };
  await send(sandbox, path, { body: { ...rest, spec: { ...spec, versions: [...spec.versions, old] } } });
  const widget = { apiVersion: "test.dev/v1alpha1", kind: "Widget", metadata: { name: "a" }, spec: {} };
  const created = await send(sandbox, "/apis/test.dev/v1alpha1/namespaces/default/widgets", { body: widget });
  expect(created.body["apiVersion"]).toBe("test.dev/v1alpha1");
  expect((await send(sandbox, "/apis/test.dev/v1/widgets")).text).toContain('"apiVersion":"test.dev/v1"');
  const patch = { body: { metadata: { labels: { a: "b" } } }, method: "PATCH", contentType: mergePatch };
  const patched = await send(sandbox, "/apis/test.dev/v1alpha1/namespaces/default/widgets/a", patch);
  expect(patched.body).toMatchObject({ apiVersion: "test.dev/v1alpha1", metadata: { labels: { a: "b" } } });
});
