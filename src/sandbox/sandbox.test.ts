import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { createSandbox, type SandboxOptions } from "./sandbox.ts";
import { definition, mergePatch, named, send } from "./testing/requests.ts";

const secrets = "/api/v1/namespaces/default/secrets";

function start(options: SandboxOptions = {}) {
  const clock = new VirtualClock();
  return { clock, sandbox: createSandbox({ clock, random: seededRandom(1), ...options }) };
}

/** Opens a watch; `next` gives the events that are there. */
async function watch(sandbox: ReturnType<typeof start>["sandbox"], path: string) {
  const response = await sandbox.handler(new Request(`http://sandbox.test${path}`));
  const reader = response.body!.getReader();
  const read = async () => {
    const { value, done } = await reader.read();
    const lines = done ? [] : new TextDecoder().decode(value).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as { type: string; object: { metadata: { name: string } } });
  };
  return { response, read };
}

test("the first namespaces are there, each with its default service account", async () => {
  const { sandbox } = start();
  const names = sandbox.objects("Namespace").map(({ metadata }) => metadata.name);
  expect(names).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
  await send(sandbox, "/api/v1/namespaces", { body: named("Namespace", "shop") });
  expect(sandbox.objects("ServiceAccount", "shop").map(({ metadata }) => metadata.name)).toEqual(["default"]);
});

test("two runs with one seed give the same objects", async () => {
  const run = async () => {
    const { sandbox } = start();
    await send(sandbox, secrets, { body: { ...named("Secret", ""), metadata: { generateName: "made-" } } });
    return JSON.stringify([sandbox.objects("Secret"), sandbox.objects("Namespace")]);
  };
  expect(await run()).toBe(await run());
});

test("ordered failures hit the next matching requests, and only them", async () => {
  const { sandbox } = start();
  sandbox.failNext({
    match: { verb: "create", resource: "secrets" },
    status: 429,
    retryAfterSeconds: 3,
    count: 2,
  });
  expect((await send(sandbox, secrets)).status).toBe(200);
  const refused = await send(sandbox, secrets, { body: named("Secret", "a") });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("3");
  expect(refused.body).toMatchObject({ reason: "TooManyRequests", details: { retryAfterSeconds: 3 } });
  expect((await send(sandbox, secrets, { body: named("Secret", "a") })).status).toBe(429);
  expect((await send(sandbox, secrets, { body: named("Secret", "a") })).status).toBe(201);
});

test("requests are counted by verb and resource", async () => {
  const { sandbox } = start();
  await send(sandbox, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    body: definition({ type: "object" }),
  });
  const widgets = "/apis/test.dev/v1/namespaces/default/widgets";
  await send(sandbox, widgets, { body: { ...named("Widget", "a"), apiVersion: "test.dev/v1" } });
  await send(sandbox, `${widgets}/a/status`, {
    method: "PATCH",
    body: { status: { x: 1 } },
    contentType: mergePatch,
  });
  await send(sandbox, `${widgets}/a`);
  await send(sandbox, `${widgets}/a`);
  expect(sandbox.requestCounts.get("patch widgets/status")).toBe(1);
  expect(sandbox.requestCounts.get("get widgets")).toBe(2);
});

test("a watch sees writes at once, in order, and ends with the timeout that it asked for", async () => {
  const { clock, sandbox } = start();
  const { read } = await watch(sandbox, `${secrets}?watch=1&timeoutSeconds=10&allowWatchBookmarks=true`);
  await send(sandbox, secrets, { body: named("Secret", "a") });
  await send(sandbox, `${secrets}/a`, {
    method: "PATCH",
    body: { metadata: { labels: { x: "1" } } },
    contentType: mergePatch,
  });
  await send(sandbox, `${secrets}/a`, { method: "DELETE" });
  expect([...(await read()), ...(await read()), ...(await read())].map(({ type }) => type)).toEqual([
    "ADDED",
    "MODIFIED",
    "DELETED",
  ]);
  await clock.advance(10_000);
  expect((await read()).map(({ type }) => type)).toEqual(["BOOKMARK"]);
  expect(await read()).toEqual([]);
  expect(sandbox.watchCount).toBe(0);
  expect(clock.pendingCount).toBeLessThan(3);
});

test("dropped watches break, or end in good order", async () => {
  const { sandbox } = start();
  const broken = await watch(sandbox, `${secrets}?watch=1`);
  const ended = await watch(sandbox, "/api/v1/namespaces?watch=1&resourceVersion=9");
  expect(sandbox.watchCount).toBe(2);
  sandbox.dropWatches();
  await expect(broken.read()).rejects.toThrow("reset");
  await expect(ended.read()).rejects.toThrow("reset");
  const again = await watch(sandbox, `${secrets}?watch=1`);
  sandbox.dropWatches("end");
  expect(await again.read()).toEqual([]);
});

test("after a compaction an old watch gets 410, as an event or as a status", async () => {
  const { sandbox } = start();
  sandbox.compactHistory();
  const { response, read } = await watch(sandbox, `${secrets}?watch=1&resourceVersion=5`);
  expect(response.status).toBe(200);
  expect(await read()).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  sandbox.compactHistory("status");
  expect((await send(sandbox, `${secrets}?watch=1&resourceVersion=5`)).status).toBe(410);
  const { resourceVersion } = (await send(sandbox, secrets)).body.metadata!;
  const current = await watch(sandbox, `${secrets}?watch=1&resourceVersion=${resourceVersion}`);
  await send(sandbox, secrets, { body: named("Secret", "a") });
  expect((await current.read()).map(({ type }) => type)).toEqual(["ADDED"]);
});

test("a watch that falls behind the kept history gets 410", async () => {
  const { sandbox } = start({ resourceVersionHistory: 3 });
  const { resourceVersion } = (await send(sandbox, secrets)).body.metadata!;
  for (const name of ["a", "b", "c"]) await send(sandbox, secrets, { body: named("Secret", name) });
  const path = `${secrets}?watch=1&resourceVersion=${resourceVersion}`;
  expect((await (await watch(sandbox, path)).read()).map(({ type }) => type)).toEqual(["ADDED"]);
  await send(sandbox, secrets, { body: named("Secret", "d") });
  expect((await (await watch(sandbox, path)).read()).map(({ type }) => type)).toEqual(["ERROR"]);
});

test("a client that never reads is cut off", async () => {
  const { sandbox } = start();
  await sandbox.handler(new Request(`http://sandbox.test${secrets}?watch=1`));
  await send(sandbox, secrets, { body: named("Secret", "a") });
  for (let count = 0; count < 10_001; count++) {
    await send(sandbox, `${secrets}/a`, {
      method: "PATCH",
      body: { data: { n: btoa(`${count}`) } },
      contentType: mergePatch,
    });
  }
  expect(sandbox.watchCount).toBe(0);
});

test("with an admin token nobody else is let in, and the token is never shown", async () => {
  const { sandbox } = start({ adminToken: canaryToken, anonymous: false });
  const statuses: number[] = [];
  for (const authorization of [undefined, "Bearer wrong", `Bearer ${canaryToken}`]) {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await send(sandbox, secrets, { headers });
    statuses.push(answer.status);
    expectNoCanary(answer.text);
  }
  expect(statuses).toEqual([401, 401, 200]);
  expect((await send(sandbox, "/readyz")).status).toBe(200);
});

test("it says that it is not for production", async () => {
  const { sandbox } = start();
  for (const path of ["/", "/version"]) {
    expect((await send(sandbox, path)).text).toMatch(/sandbox.*not.for.production/is);
  }
});

test("refusals never repeat the values that they refuse", async () => {
  const { sandbox } = start();
  const value = btoa(canaryValue);
  const bodies = [
    `{"kind":"Secret","data":{"a":"${canaryValue}`,
    named("Secret", "a", { data: { "not a key": value } }),
    named("Secret", "a", { data: { a: canaryValue } }),
    named("Secret", "a", { data: canaryValue }),
    named("Secret", "a", { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": value } }),
    named("Secret", "a", { type: "kubernetes.io/tls", data: { "tls.crt": value } }),
    named("ConfigMap", "a", { data: { a: value } }),
  ];
  for (const body of bodies) {
    const answer = await send(sandbox, secrets, { body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expectNoCanary(answer.text);
  }
});

test("server-side apply is refused by name", async () => {
  const { sandbox } = start();
  const answer = await send(sandbox, `${secrets}/a`, {
    method: "PATCH",
    body: {},
    contentType: "application/apply-patch+yaml",
  });
  expect(answer.status).toBe(415);
  expect(answer.body["message"]).toContain("server-side apply");
});

test("a body that is nested too deeply is refused", async () => {
  const { sandbox } = start();
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const answer = await send(sandbox, secrets, {
    body: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":${deep}}`,
  });
  expect(answer.status).toBe(400);
});

test("a closed sandbox ends its watches and timers and answers 503", async () => {
  const { clock, sandbox } = start();
  const { read } = await watch(sandbox, `${secrets}?watch=1`);
  sandbox.close();
  expect(await read()).toEqual([]);
  expect((await send(sandbox, secrets)).status).toBe(503);
  await clock.advance(86_400_000);
  expect(clock.pendingCount).toBe(0);
});
