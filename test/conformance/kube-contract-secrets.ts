import { expect, test } from "vitest";
import { isAlreadyExists, isInvalid, isNotFound, KubeError } from "../../src/kube/kube-error.ts";
import type { Secret } from "../../src/kube/objects.ts";
import { resourcePath, secrets } from "../../src/kube/resources.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";
import { at, type Cluster } from "./contract-cluster.ts";
import { plainSpec, widgets } from "./widget.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const foreignUid = "00000000-0000-4000-8000-000000000000";

/** What step 4 of a reconcile does to a Secret, and every way in which the server refuses it. */
export function secretContract(get: () => Cluster): void {
  async function createSecret(secret: Partial<Secret> = {}, name = "target"): Promise<Secret> {
    const namespace = await get().freshNamespace();
    const data = { kept: base64(canaryValue), gone: base64("b") };
    return get().kube.create(secrets, { metadata: { name, namespace }, type: "Opaque", data, ...secret });
  }

  async function refusalOf(call: Promise<unknown>): Promise<KubeError> {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(KubeError);
    expectNoCanary(`${(error as KubeError).message} ${JSON.stringify((error as KubeError).details)}`);
    return error as KubeError;
  }

  test("a merge patch with the right uid sets what it names, removes what is null, keeps what is absent", async () => {
    const secret = await createSecret();
    const patched = await get().kube.mergePatch(secrets, secret.metadata, {
      metadata: { uid: secret.metadata.uid, labels: { a: "1" }, annotations: { note: "x" } },
      data: { gone: null, added: base64("c") },
    });
    expect(patched.data).toEqual({ kept: base64(canaryValue), added: base64("c") });
    expect(patched.metadata.labels).toEqual({ a: "1" });
    expect(patched.metadata.uid).toBe(secret.metadata.uid);
    expect(patched.metadata.resourceVersion).not.toBe(secret.metadata.resourceVersion);
    const { labels } = (
      await get().kube.mergePatch(secrets, secret.metadata, { metadata: { labels: { a: null, b: "2" } } })
    ).metadata;
    expect(labels).toEqual({ b: "2" });
  });

  test("a merge patch with another uid is refused and changes nothing", async () => {
    const secret = await createSecret();
    const patch = { metadata: { uid: foreignUid }, data: { kept: base64("overwritten") } };
    const error = await refusalOf(get().kube.mergePatch(secrets, secret.metadata, patch));
    expect(error).toMatchObject({ status: 422, code: "Invalid" });
    expect(error.causes).toContainEqual(
      expect.objectContaining({ field: "metadata.uid", reason: "FieldValueInvalid" }),
    );
    expect((await get().kube.get(secrets, secret.metadata)).data).toEqual(secret.data);
  });

  test("a merge patch of a Secret that is not there is NotFound, with or without uid", async () => {
    const namespace = await get().freshNamespace();
    for (const metadata of [{}, { uid: foreignUid }]) {
      const error = await refusalOf(get().kube.mergePatch(secrets, at(namespace, "none"), { metadata }));
      expect(isNotFound(error)).toBe(true);
      expect(error).toMatchObject({ status: 404, details: { name: "none", kind: "secrets" } });
    }
  });

  test("creating a Secret whose name is taken is AlreadyExists", async () => {
    const { metadata } = await createSecret();
    const copy = { metadata: { name: metadata.name, namespace: metadata.namespace! } };
    const error = await refusalOf(get().kube.create(secrets, copy));
    expect(isAlreadyExists(error)).toBe(true);
    expect(error).toMatchObject({ status: 409, details: { name: metadata.name, kind: "secrets" } });
  });

  test("an empty patch as a dry run gives the object and changes nothing", async () => {
    const secret = await createSecret();
    const seen = await get().kube.mergePatch(secrets, secret.metadata, {}, { dryRun: true });
    expect(seen.data).toEqual(secret.data);
    expect(seen.metadata).toMatchObject({
      uid: secret.metadata.uid,
      resourceVersion: secret.metadata.resourceVersion,
    });
  });

  test("a dry run of a patch and of a create show the result without storing it", async () => {
    const secret = await createSecret();
    const patch = { data: { added: base64("c") } };
    const seen = await get().kube.mergePatch(secrets, secret.metadata, patch, { dryRun: true });
    expect(seen.data).toHaveProperty("added");
    const { namespace } = secret.metadata;
    await get().kube.create(
      secrets,
      { metadata: { name: "other", namespace: namespace! } },
      { dryRun: true },
    );
    expect((await get().kube.get(secrets, secret.metadata)).data).toEqual(secret.data);
    expect(isNotFound(await refusalOf(get().kube.get(secrets, at(namespace!, "other"))))).toBe(true);
  });

  test("a patch that changes nothing does not move the resourceVersion", async () => {
    const secret = await createSecret();
    const patch = {
      metadata: { uid: secret.metadata.uid, labels: { a: "1" } },
      data: { kept: base64("new") },
    };
    const first = await get().kube.mergePatch(secrets, secret.metadata, patch);
    await get().pass(1_100);
    const second = await get().kube.mergePatch(secrets, secret.metadata, patch);
    const third = await get().kube.mergePatch(secrets, secret.metadata, { data: { never: null } });
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test("a merge patch replaces the list of owners and keeps it when it names none", async () => {
    const secret = await createSecret();
    const namespace = secret.metadata.namespace!;
    const owner = await get().kube.create(widgets, {
      metadata: { name: "owner", namespace },
      spec: plainSpec,
    });
    const reference = {
      apiVersion: "contract.keyweir.dev/v1alpha1",
      kind: "Widget",
      name: "owner",
      uid: owner.metadata.uid!,
      controller: true,
    };
    const owned = await get().kube.mergePatch(secrets, secret.metadata, {
      metadata: { ownerReferences: [reference] },
    });
    expect(owned.metadata.ownerReferences).toEqual([reference]);
    const later = await get().kube.mergePatch(secrets, secret.metadata, { data: { added: base64("c") } });
    expect(later.metadata.ownerReferences).toEqual([reference]);
    const twoControllers = [reference, { ...reference, name: "second", uid: foreignUid }];
    const patch = { metadata: { ownerReferences: twoControllers } };
    expect(isInvalid(await refusalOf(get().kube.mergePatch(secrets, secret.metadata, patch)))).toBe(true);
  });

  test("managedFields name who wrote what, and pass to who writes it later", async () => {
    const secret = await createSecret();
    const path = resourcePath(secrets, secret.metadata, { fieldManager: "someone-else" });
    const patch = { data: { theirs: base64("1") } };
    await get().send("PATCH", path, patch, "application/merge-patch+json");
    const managers = async () => {
      const read = await get().send("GET", resourcePath(secrets, secret.metadata));
      const entries = read.body["metadata"].managedFields as {
        manager: string;
        operation: string;
        fieldsV1: object;
      }[];
      return entries.map(({ manager, operation, fieldsV1 }) => ({
        manager,
        operation,
        ownsTheirs: JSON.stringify(fieldsV1).includes('"f:theirs"'),
      }));
    };
    expect(await managers()).toEqual([
      { manager: "keyweir", operation: "Update", ownsTheirs: false },
      { manager: "someone-else", operation: "Update", ownsTheirs: true },
    ]);
    await get().kube.mergePatch(secrets, secret.metadata, { data: { theirs: base64("2") } });
    expect(await managers()).toEqual([{ manager: "keyweir", operation: "Update", ownsTheirs: true }]);
  });

  test("type is Opaque by default and never changes", async () => {
    const secret = await createSecret({ type: "" });
    expect(secret.type).toBe("Opaque");
    const error = await refusalOf(
      get().kube.mergePatch(secrets, secret.metadata, { type: "example.com/other" }),
    );
    expect(error).toMatchObject({ status: 422, code: "Invalid" });
    expect(error.causes).toMatchObject([{ field: "type", reason: "FieldValueInvalid" }]);
  });

  test("an immutable Secret takes no new data, and stays immutable", async () => {
    const secret = await createSecret({ immutable: true });
    const fields = async (patch: object) => {
      const error = await refusalOf(get().kube.mergePatch(secrets, secret.metadata, patch));
      expect(error.status).toBe(422);
      return error.causes.map(({ field }) => field);
    };
    expect(await fields({ data: { kept: base64("other") } })).toEqual(["data"]);
    expect(await fields({ immutable: false })).toEqual(["immutable"]);
    const labelled = await get().kube.mergePatch(secrets, secret.metadata, {
      metadata: { labels: { a: "1" } },
    });
    expect(labelled.metadata.labels).toEqual({ a: "1" });
  });

  test("data of more than one mebibyte is refused, exactly one is taken", async () => {
    const limit = 1024 * 1024;
    const secret = await createSecret({ data: { big: Buffer.alloc(limit).toString("base64") } });
    const over = { data: { extra: base64("x") } };
    const error = await refusalOf(get().kube.mergePatch(secrets, secret.metadata, over));
    expect(error).toMatchObject({ status: 422, code: "Invalid" });
    expect(error.causes).toMatchObject([{ field: "data", reason: "FieldValueTooLong" }]);
  });

  test("a request body of more than three mebibytes is refused as too large", async () => {
    const { metadata } = await createSecret();
    const patch = { data: { big: "A".repeat(4 * 1024 * 1024) } };
    const error = await refusalOf(get().kube.mergePatch(secrets, metadata, patch));
    expect(error).toMatchObject({ status: 413, code: "TooLarge" });
  });

  test.each(["has space", "a/b", "ä", "..", "", "x".repeat(254)])(
    "the key %j is refused by name",
    async (key) => {
      const secret = await createSecret();
      const error = await refusalOf(
        get().kube.mergePatch(secrets, secret.metadata, { data: { [key]: base64(canaryValue) } }),
      );
      expect(error.status).toBe(422);
      expect(error.causes.map(({ field }) => field)).toContain(`data[${key}]`);
    },
  );

  test.each(["a", ".hidden", "tls.crt", "A_b-c.d", "x".repeat(253)])("the key %j is taken", async (key) => {
    const { data } = await createSecret({ data: { [key]: base64("1") } });
    expect(data).toEqual({ [key]: base64("1") });
  });

  test.each([
    { type: "kubernetes.io/tls", data: { "tls.crt": "x" }, field: "data[tls.key]" },
    { type: "kubernetes.io/tls", data: {}, field: "data[tls.crt]" },
    { type: "kubernetes.io/dockerconfigjson", data: {}, field: "data[.dockerconfigjson]" },
    {
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": canaryValue },
      field: "data[.dockerconfigjson]",
    },
    { type: "kubernetes.io/dockercfg", data: { ".dockercfg": canaryValue }, field: "data[.dockercfg]" },
    { type: "kubernetes.io/ssh-auth", data: { other: "x" }, field: "data[ssh-privatekey]" },
    { type: "kubernetes.io/basic-auth", data: {}, field: "data[username]" },
    {
      type: "kubernetes.io/service-account-token",
      data: {},
      field: "metadata.annotations[kubernetes.io/service-account.name]",
    },
  ])("a Secret of type $type needs $field", async ({ type, data, field }) => {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
    const error = await refusalOf(createSecret({ type, data: encoded }));
    expect(error.status).toBe(422);
    expect(error.causes.map((cause) => cause.field)).toContain(field);
  });

  test.each([
    { type: "kubernetes.io/tls", data: { "tls.crt": "", "tls.key": "" } },
    { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": "{}" } },
    { type: "kubernetes.io/ssh-auth", data: { "ssh-privatekey": "no key at all" } },
    { type: "kubernetes.io/basic-auth", data: { username: "x" } },
    { type: "example.com/anything", data: {} },
  ])("a Secret of type $type is taken as it is", async ({ type, data }) => {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
    expect((await createSecret({ type, data: encoded })).type).toBe(type);
  });

  test("a patch that takes away a key that the type needs is refused", async () => {
    const data = { "tls.crt": base64("a"), "tls.key": base64("b") };
    const secret = await createSecret({ type: "kubernetes.io/tls", data });
    const error = await refusalOf(
      get().kube.mergePatch(secrets, secret.metadata, { data: { "tls.key": null } }),
    );
    expect(error.causes).toMatchObject([{ field: "data[tls.key]", reason: "FieldValueRequired" }]);
  });

  test("data that is no base64, or no text at all, is refused without repeating it", async () => {
    const secret = await createSecret();
    for (const value of [`${canaryValue} !`, 5, { nested: canaryValue }]) {
      const patch = { data: { gone: value, other: base64(canaryValue) } };
      const error = await refusalOf(get().kube.mergePatch(secrets, secret.metadata, patch));
      expect([400, 422]).toContain(error.status);
    }
    expect((await get().kube.get(secrets, secret.metadata)).data).toEqual(secret.data);
  });

  test("stringData is stored as data", async () => {
    const secret = await createSecret({ stringData: { text: "plain" } } as Partial<Secret>);
    expect(secret.data).toHaveProperty("text", base64("plain"));
    expect(secret).not.toHaveProperty("stringData");
  });

  test("labels and names that break their rules are refused by field", async () => {
    const secret = await createSecret();
    const badLabel = { metadata: { labels: { ok: "not ok!" } } };
    const error = await refusalOf(get().kube.mergePatch(secrets, secret.metadata, badLabel));
    expect(error.status).toBe(422);
    expect(new Set(error.causes.map(({ field }) => field))).toEqual(new Set(["metadata.labels"]));
    const refused = await refusalOf(createSecret({}, "Not_A_Name"));
    expect(refused).toMatchObject({ status: 422 });
    expect(refused.causes.map(({ field }) => field)).toEqual(["metadata.name"]);
  });
}
