import { describe, expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { mountRequest } from "../../test/support/mount-request.ts";
import { providerScene, secret, textsOf } from "../../test/support/provider-scene.ts";

describe("a stock Mount", () => {
  test("delivers every object of the class in its order, with its version", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("db", { value: canaryValue });
    vault.addSecret("api", { value: "two" });
    const response = await mount({ objects: [secret("db"), secret("api", { objectAlias: "keys/api" })] });
    expect(response).toEqual({
      objectVersion: [
        { id: "secret/db", version: "v1" },
        { id: "secret/api", version: "v1" },
      ],
      error: undefined,
      files: [
        { path: "db", mode: 0o644, contents: Buffer.from(canaryValue) },
        { path: "keys/api", mode: 0o644, contents: Buffer.from("two") },
      ],
      results: [],
    });
  });

  test("uses the identity, vault and lane of the request", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("db", { value: "x" });
    await mount({ objects: [secret("db")], lane: "new", attributes: { cloudName: "AzureChinaCloud" } });
    expect(vault.requests[0]).toMatchObject({
      identity: {
        kind: "workload",
        tenantId: "tenant-1",
        clientId: "client-1",
        namespace: "shop",
        serviceAccount: "web",
        assertion: canaryToken,
      },
      cloud: { vaultDnsSuffix: "vault.azure.cn" },
      vaultName: "demo",
      name: "db",
      lane: "new",
    });
  });

  test("fails as a whole with the first failure, in the stock provider's words", async () => {
    const { vault, mountError } = providerScene();
    vault.addSecret("db", { value: canaryValue });
    vault.fail("secret/gone", "NotFound");
    const error = await mountError({ objects: [secret("db"), secret("gone")] });
    expect(error.message).toMatch(
      /^failed to mount objects, error: failed to get objectType:secret, objectName:gone, objectVersion:: /,
    );
    expect(error).toMatchObject({ code: "NotFound", retryable: false });
  });

  test("gives up what is still open when one object fails", async () => {
    const { vault, clock, mountError } = providerScene(100, { maxParallelReads: 2 });
    vault.fail("secret/gone", "Throttled", { retryAfterMs: 7_000 });
    const names = ["gone", "b", "c", "d", "e"];
    const failing = mountError({ objects: names.map((name) => secret(name)) });
    await clock.advance(1_000);
    expect(await failing).toMatchObject({ code: "Throttled", retryable: true, retryAfterMs: 7_000 });
    expect(vault.calls.length).toBeLessThan(5);
  });

  test("tells all wrong objects before it reads any", async () => {
    const { vault, mountError } = providerScene();
    const error = await mountError({
      objects: [secret("a", { objectFormat: "x" }), secret("b"), { objectName: "c", objectType: "Key" }],
    });
    expect(error.code).toBe("BadObject");
    expect(error.message).toContain("objectName:a,");
    expect(error.message).toContain("objectName:c,");
    expect(vault.calls).toEqual([]);
  });

  test("gives nothing for an empty list", async () => {
    const { mount } = providerScene();
    expect(await mount({ attributes: { objects: "array: []" } })).toMatchObject({
      files: [],
      objectVersion: [],
    });
  });

  test("uses the file mode of the object, else of the request", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: "1" });
    vault.addSecret("b", { value: "2" });
    const { files } = await mount({
      permission: "256",
      objects: [secret("a", { filePermission: "0600" }), secret("b")],
    });
    expect(files.map((file) => file.mode)).toEqual([0o600, 0o400]);
  });
});

describe("encodings", () => {
  test.each([
    ["utf-8", "héllo", Buffer.from("héllo")],
    ["base64", "AAEC/w==", Buffer.from([0, 1, 2, 255])],
    ["base64", "AAEC\r\n/w==\n", Buffer.from([0, 1, 2, 255])],
    ["base64", "", Buffer.alloc(0)],
    ["hex", "0001fF", Buffer.from([0, 1, 255])],
    ["hex", "", Buffer.alloc(0)],
  ])("%s: %j is decoded", async (objectEncoding, value, expected) => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value });
    const { files } = await mount({ objects: [secret("a", { objectEncoding })] });
    expect(files[0]?.contents).toEqual(expected);
  });

  test.each([
    ["base64", `${canaryValue}!`, "character 7 does not belong to it"],
    ["base64", "AAE", "its length or its padding is wrong"],
    ["base64", "A=AA", "its length or its padding is wrong"],
    ["hex", canaryValue, "character 3 does not belong to it"],
    ["hex", "abc", "the number of digits is odd"],
  ])("%s: %j is an error that tells where", async (objectEncoding, value, expected) => {
    const { vault, mountError } = providerScene();
    vault.addSecret("a", { value });
    const error = await mountError({ objects: [secret("a", { objectEncoding })] });
    expect(error).toMatchObject({ code: "Conversion", retryable: false });
    expect(error.message).toContain(expected);
  });
});

describe("requested paths", () => {
  test("only the objects behind them are read", async () => {
    const { vault, mount } = providerScene();
    for (const name of ["a", "b", "c"]) vault.addSecret(name, { value: name });
    const { files } = await mount({
      objects: [secret("a"), secret("b", { objectAlias: "x/y" }), secret("c")],
      requestedPaths: ["x/y", "c", "c"],
    });
    expect(textsOf(files)).toEqual({ "x/y": "b", c: "c" });
    expect(vault.calls).toEqual(["secret/b", "secret/c"]);
  });

  test("of two objects with one path the last counts", async () => {
    const { vault, mount } = providerScene();
    for (const name of ["a", "b"]) vault.addSecret(name, { value: name });
    const { files } = await mount({
      objects: [secret("a", { objectAlias: "x" }), secret("b", { objectAlias: "x" })],
      requestedPaths: ["x"],
    });
    expect(textsOf(files)).toEqual({ x: "b" });
    expect(vault.calls).toEqual(["secret/b"]);
  });

  test("one that no object produces is an error that lists what there is", async () => {
    const { vault, mountError } = providerScene();
    vault.addSecret("a", { value: canaryValue });
    const error = await mountError({
      objects: [secret("a"), secret("h", { objectVersionHistory: 3 })],
      requestedPaths: ["a", "z"],
    });
    expect(error.code).toBe("BadParameters");
    expect(error.message).toContain(
      'no object of the SecretProviderClass produces "z" (it has a, h/0 to h/2)',
    );
  });
});

describe("a partial Mount", () => {
  test("tells the outcome of each object", async () => {
    const { vault, mount, log } = providerScene();
    vault.addSecret("good", { value: canaryValue });
    vault.addSecret("bad", { value: canaryValue });
    vault.fail("secret/slow", "Throttled", { retryAfterMs: 1_500 });
    const response = await mount({
      partial: true,
      objects: [
        secret("good"),
        secret("slow"),
        secret("bad", { objectEncoding: "hex" }),
        secret("odd", { objectFormat: "x" }),
      ],
    });
    expect(textsOf(response.files)).toEqual({ good: canaryValue });
    expect(
      response.results.map(({ name, ok, code, paths, version }) => [name, ok, code, paths, version]),
    ).toEqual([
      ["good", true, "", ["good"], "v1"],
      ["slow", false, "Throttled", ["slow"], ""],
      ["bad", false, "Conversion", ["bad"], ""],
      ["odd", false, "BadObject", ["odd"], ""],
    ]);
    expect(response.results.map((result) => result.retryAfterMs)).toEqual([0, 1_500, 0, 0]);
    expectNoCanary(JSON.stringify(response.results) + log.join(""));
  });

  test("reports an unreadable entry only if it may be what is missing", async () => {
    const { vault, mount } = providerScene();
    vault.addSecret("a", { value: "1" });
    const attributes = { objects: "array:\n  - |\n    objectName: a\n    objectType: secret\n  - '['\n" };
    const calm = await mount({ partial: true, attributes, requestedPaths: ["a"] });
    expect(calm.results.map((result) => result.ok)).toEqual([true]);
    const asking = await mount({ partial: true, attributes, requestedPaths: ["b"] });
    expect(asking.results.map((result) => result.code)).toEqual(["BadObject"]);
  });

  test("still fails as a whole when its parameters are wrong, without the stock words", async () => {
    const { mountError } = providerScene();
    const error = await mountError({ partial: true, attributes: { keyvaultName: undefined } });
    expect(error.code).toBe("BadParameters");
    expect(error.message).toMatch(/^keyvaultName is not provided/);
  });
});

describe("wrong requests", () => {
  test.each([
    [
      { attributes: `{"a": ${canaryToken}` },
      "failed to unmarshal attributes, error: attributes must be a JSON object",
    ],
    [{ attributes: `["${canaryToken}"]` }, "got a list"],
    [{ attributes: "null" }, "pod name is not provided"],
    [{ secrets: `{${canaryValue}` }, "failed to unmarshal secrets, error:"],
    [{ permission: "rw-r--r--" }, "failed to unmarshal file permission, error:"],
    [{ permission: "99999" }, "such as 420 for 0644"],
    [{ requestedPaths: Array(10_001).fill("a") }, "at most 10000 are allowed"],
    [{ lane: "fast" }, "lane must be one of new, forced, rotated, routine"],
  ])("%j is refused", async (change, expected) => {
    const { log, service } = providerScene();
    const failing = service.mount({ ...mountRequest({ objects: [secret("a")] }), ...change });
    await expect(failing).rejects.toThrow(expected);
    await failing.catch((error: Error) => expectNoCanary(error.message));
    expectNoCanary(log.join(""));
  });

  test("problems of parameters and of objects come together", async () => {
    const { mountError } = providerScene();
    const { message } = await mountError({ attributes: { tenantID: "", cloudName: "x", objects: "- a" } });
    expect(message).toMatch(
      /^failed to mount objects, error: 3 problems: tenantId .*; cloudName .*; failed to yaml/,
    );
  });
});

test("problems of parameters and of single objects come together", async () => {
  const { mountError } = providerScene();
  const objects = [secret("a"), secret("b", { objectFormat: "x" })];
  const { message } = await mountError({ attributes: { clientID: "" }, objects });
  expect(message).toMatch(/2 problems: .*set clientID; object 2 of objects: invalid objectFormat/);
});

test("reads run in parallel, but only so many at once", async () => {
  const { vault, clock, mount } = providerScene(100, { maxParallelReads: 5 });
  const names = Array.from({ length: 20 }, (_, index) => `s${index}`);
  for (const name of names) vault.addSecret(name, { value: name });
  let isDone = false;
  void mount({ objects: names.map((name) => secret(name)) }).then(() => (isDone = true));
  await clock.advance(399);
  expect(isDone).toBe(false);
  await clock.advance(2);
  expect(isDone).toBe(true);
  expect(vault.maxInFlightCount).toBe(5);
});

test("an aborted Mount ends at once", async () => {
  const { vault, clock, log, mount } = providerScene(1_000);
  vault.addSecret("a", { value: "1" });
  const controller = new AbortController();
  const failing = mount({ objects: [secret("a")] }, controller.signal);
  controller.abort(new Error("shutting down"));
  await expect(failing).rejects.toMatchObject({ code: "CANCELLED", retryable: true });
  expect(clock.monotonicMs()).toBe(0);
  const late = mount({ objects: [secret("a")] }, controller.signal);
  await expect(late).rejects.toMatchObject({ code: "CANCELLED" });
  expect(log.join("")).not.toContain("defect");
});

test("a defect behind it is logged without its text and answered with a number", async () => {
  const { vault, log, mountError } = providerScene();
  vault.getSecret = () => Promise.reject(new TypeError(`cannot use ${canaryValue}`));
  const error = await mountError({ objects: [secret("a")] });
  expect(error).toMatchObject({ code: "Unknown", retryable: true });
  const incident = /incident ([0-9a-f]+)/.exec(error.message)?.[1];
  expect(log.join("")).toContain(`"incident":"${incident}"`);
});

test("more than a message can hold is refused with its size", async () => {
  const { vault, mountError } = providerScene();
  vault.addSecret("a", { value: "x".repeat(25_000) });
  const objects = Array.from({ length: 180 }, (_, index) => secret("a", { objectAlias: `f${index}` }));
  const error = await mountError({ objects });
  expect(error).toMatchObject({ code: "TooLarge", retryable: false });
  expect(error.message).toContain("The 180 files have");
});
