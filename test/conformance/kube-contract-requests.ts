import { expect, test } from "vitest";
import { configMaps, resourcePath, secrets, serviceAccounts } from "../../src/kube/resources.ts";
import { at, type Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets } from "./widget.ts";

/** Paths, bodies and patches in general: what is answered to requests that are wrong or unusual. */
export function requestContract(get: () => Cluster): void {
  test.each([
    "/apis/contract.keyweir.dev/v1alpha1/namespaces/default/gizmos",
    "/apis/contract.keyweir.dev/v9/namespaces/default/widgets",
    "/apis/nothing.example/v1/things",
    "/nothing/of/the/kind",
  ])("the unknown path %s is a 404 without a Status", async (path) => {
    const answer = await get().send("GET", path);
    expect({ status: answer.status, text: answer.text.trim() }).toEqual({
      status: 404,
      text: "404 page not found",
    });
  });

  test("an unknown kind of the core group is a 404 with a Status", async () => {
    const answer = await get().send("GET", "/api/v1/namespaces/default/gizmos");
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      kind: "Status",
      reason: "NotFound",
      message: "the server could not find the requested resource",
    });
  });

  test("an object that is not there is a 404 with a Status that names it", async () => {
    const answer = await get().send("GET", "/api/v1/namespaces/default/secrets/none");
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      message: 'secrets "none" not found',
      reason: "NotFound",
      details: { name: "none", kind: "secrets" },
      code: 404,
    });
    const custom = await get().send("GET", resourcePath(widgets, at("default", "none")));
    expect(custom.body).toMatchObject({
      message: 'widgets.contract.keyweir.dev "none" not found',
      details: { name: "none", group: "contract.keyweir.dev", kind: "widgets" },
    });
  });

  test("creating in a namespace that is not there is a 404 for the namespace", async () => {
    const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" } };
    const answer = await get().send("POST", "/api/v1/namespaces/nowhere/secrets", body);
    expect(answer.status).toBe(404);
    expect(answer.body["details"]).toMatchObject({ name: "nowhere", kind: "namespaces" });
  });

  test.each([
    ["{", 400],
    ["null", 422],
    ["[]", 400],
    ['"text"', 400],
    ['{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}', 400],
    ['{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":[]}', 400],
    ['{"apiVersion":"v1","kind":"Secret","metadata":{}}', 422],
    ['{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"other"}}', 400],
  ])("creating a Secret with the body %s is answered %i", async (body, status) => {
    const answer = await get().send("POST", "/api/v1/namespaces/default/secrets", body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code: status });
  });

  test("a core object without kind and version is what its path says", async () => {
    const namespace = await get().freshNamespace();
    const answer = await get().send("POST", resourcePath(secrets, { namespace }), {
      metadata: { name: "a" },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ apiVersion: "v1", kind: "Secret", type: "Opaque" });
  });

  test("a patch body that is no JSON object is refused", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.create(secrets, { metadata: { name: "a", namespace } });
    const statuses: number[] = [];
    for (const body of ["{", "[]", '"text"']) {
      const path = resourcePath(secrets, metadata);
      statuses.push((await get().send("PATCH", path, body, "application/merge-patch+json")).status);
    }
    expect(statuses).toEqual([400, 400, 400]);
    const plain = await get().send("PATCH", resourcePath(secrets, metadata), {}, "application/json");
    expect(plain.status).toBe(415);
  });

  test("a name in the body that differs from the path is refused", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.create(secrets, { metadata: { name: "a", namespace } });
    const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "b", namespace } };
    expect((await get().send("PUT", resourcePath(secrets, metadata), body)).status).toBe(400);
    const patch = { metadata: { name: "b" } };
    const patched = await get().send(
      "PATCH",
      resourcePath(secrets, metadata),
      patch,
      "application/merge-patch+json",
    );
    expect(patched.status).toBe(400);
  });

  test("a method that a path does not have is a 405", async () => {
    const answer = await get().send("POST", "/api/v1/namespaces/default/secrets/a", {});
    expect(answer.status).toBe(405);
    expect(answer.body).toMatchObject({ reason: "MethodNotAllowed", code: 405 });
  });

  test("generateName makes names of its own", async () => {
    const namespace = await get().freshNamespace();
    const create = async () => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "made-" } };
      const answer = await get().send("POST", resourcePath(configMaps, { namespace }), body);
      expect(answer.status).toBe(201);
      return answer.body["metadata"].name as string;
    };
    const names = [await create(), await create()];
    expect(names[0]).toMatch(/^made-[a-z0-9]{5}$/);
    expect(names[1]).not.toBe(names[0]);
  });

  test("the server fills in uid, resourceVersion and creation time, whatever the body says", async () => {
    const namespace = await get().freshNamespace();
    const given = {
      name: "a",
      namespace,
      uid: "mine",
      generation: 7,
      creationTimestamp: "2000-01-01T00:00:00Z",
    };
    const { metadata } = await get().kube.create(widgets, { metadata: given, spec: plainSpec });
    expect(metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(metadata.generation).toBe(1);
    expect(metadata.creationTimestamp).toMatch(/^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(metadata.resourceVersion)).toBeGreaterThan(0);
    const numbered = { metadata: { name: "b", namespace, resourceVersion: "5" }, spec: plainSpec };
    await expect(get().kube.create(widgets, numbered)).rejects.toMatchObject({
      status: 500,
      message: "resourceVersion should not be set on objects to be created",
    });
  });

  test("a strategic merge patch merges lists by key, and follows its directives", async () => {
    const namespace = await get().freshNamespace();
    const account = {
      metadata: { name: "robot", namespace, finalizers: ["example.com/a", "example.com/b"] },
      secrets: [{ name: "one" }, { name: "two" }],
      imagePullSecrets: [{ name: "one" }, { name: "two" }],
    };
    const { metadata } = await get().kube.create(serviceAccounts, account);
    const patch = {
      metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"], labels: { a: "1" } },
      secrets: [{ name: "three" }, { name: "one", $patch: "delete" }],
      imagePullSecrets: [{ name: "three" }],
    };
    const path = resourcePath(serviceAccounts, metadata);
    const answer = await get().send("PATCH", path, patch, "application/strategic-merge-patch+json");
    expect(answer.status).toBe(200);
    const names = (answer.body["secrets"] as { name: string }[]).map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(["three", "two"]));
    expect(answer.body["imagePullSecrets"]).toEqual([{ name: "three" }]);
    expect(answer.body["metadata"]).toMatchObject({ finalizers: ["example.com/b"], labels: { a: "1" } });
    const replace = { metadata: { labels: { $patch: "replace", b: "2" } } };
    const replaced = await get().send("PATCH", path, replace, "application/strategic-merge-patch+json");
    expect(replaced.body["metadata"].labels).toEqual({ b: "2" });
    const clear = { metadata: { finalizers: null } };
    await get().send("PATCH", path, clear, "application/strategic-merge-patch+json");
  });

  test("a core object takes a JSON patch and a merge patch alike", async () => {
    const namespace = await get().freshNamespace();
    const { metadata } = await get().kube.create(configMaps, {
      metadata: { name: "a", namespace },
      data: { x: "1" },
    });
    const path = resourcePath(configMaps, metadata);
    const operations = [{ op: "replace", path: "/data/x", value: "2" }];
    expect((await get().send("PATCH", path, operations, "application/json-patch+json")).body["data"]).toEqual(
      { x: "2" },
    );
    const merged = await get().kube.mergePatch(configMaps, metadata, { data: { x: null, y: "3" } });
    expect(merged.data).toEqual({ y: "3" });
  });

  test("version and health are answered", async () => {
    expect((await get().send("GET", "/version")).body).toHaveProperty(
      "gitVersion",
      expect.stringMatching(/^v1\.\d+\./),
    );
    expect((await get().send("GET", "/readyz")).text).toBe("ok");
    expect((await get().send("GET", "/livez")).text).toBe("ok");
  });
}
