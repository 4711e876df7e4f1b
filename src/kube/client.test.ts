import { expect, test } from "vitest";
import { canaryToken, canaryValue, expectNoCanary } from "../../test/support/canary.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { createKubeClient, type KubeClient } from "./client.ts";
import { isAlreadyExists, isConflict, isExpired, isInvalid, isNotFound, KubeError } from "./kube-error.ts";
import { configMaps, leases, namespaces, secrets } from "./resources.ts";
import type { KubeRequest, KubeResponse, KubeTransport } from "./transport.ts";

interface Scene {
  readonly clock: VirtualClock;
  readonly kube: KubeClient;
  readonly requests: readonly KubeRequest[];
}

type Reply = KubeResponse | Error | "never";

/** A client whose requests are answered by `replies` in order, the last one for all that follow. */
function scene(...replies: readonly Reply[]): Scene {
  const clock = new VirtualClock();
  const requests: KubeRequest[] = [];
  const transport: KubeTransport = {
    async request(request, signal) {
      const reply = replies[Math.min(requests.length, replies.length - 1)]!;
      requests.push(request);
      if (reply instanceof Error) throw reply;
      if (reply !== "never") return reply;
      return new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
    },
    watch: () => Promise.reject(new Error("no watch here")),
  };
  return { clock, kube: createKubeClient({ transport, clock, random: seededRandom(1) }), requests };
}

const ok = (body: object = { metadata: { name: "a" } }): KubeResponse => ({
  status: 200,
  body: JSON.stringify(body),
});
const refusal = (status: number, reason: string, more: object = {}, retryAfterMs?: number): KubeResponse => ({
  status,
  body: JSON.stringify({
    kind: "Status",
    status: "Failure",
    code: status,
    reason,
    message: `it is ${reason}`,
    ...more,
  }),
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const reset = () => new KubeError("connection reset", { code: "Disconnected" });

/** Runs `call` on the scene's clock until it is settled. */
async function settle<T>({ clock }: Scene, call: Promise<T>): Promise<T | KubeError> {
  let isSettled = false;
  const settled = call.then(
    (value) => value,
    (error: unknown) => error as KubeError,
  );
  void settled.then(() => (isSettled = true));
  await clock.advanceUntil(() => isSettled, 600_000);
  return settled;
}

const target = { namespace: "shop", name: "db" };

test("calls are the requests that the API defines", async () => {
  const { kube, requests } = scene(ok());
  await kube.get(secrets, target);
  await kube.list(configMaps, { labelSelector: "a in (b,c)", limit: 5 });
  await kube.create(leases, { metadata: target });
  await kube.mergePatch(secrets, target, { data: { a: null } }, { dryRun: true });
  await kube.patchStatus(configMaps, target, { phase: "new" });
  await kube.replace(leases, { metadata: target });
  await kube.delete(namespaces, { name: "shop" }, { uid: "u", propagationPolicy: "Orphan" });
  expect(requests).toEqual([
    { method: "GET", path: "/api/v1/namespaces/shop/secrets/db" },
    { method: "GET", path: "/api/v1/configmaps?labelSelector=a%20in%20(b%2Cc)&limit=5" },
    {
      method: "POST",
      path: "/apis/coordination.k8s.io/v1/namespaces/shop/leases?fieldManager=keyweir",
      body: '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"namespace":"shop","name":"db"}}',
    },
    {
      method: "PATCH",
      path: "/api/v1/namespaces/shop/secrets/db?fieldManager=keyweir&dryRun=All",
      contentType: "application/merge-patch+json",
      body: '{"data":{"a":null}}',
    },
    {
      method: "PATCH",
      path: "/api/v1/namespaces/shop/configmaps/db/status?fieldManager=keyweir",
      contentType: "application/merge-patch+json",
      body: '{"status":{"phase":"new"}}',
    },
    {
      method: "PUT",
      path: "/apis/coordination.k8s.io/v1/namespaces/shop/leases/db?fieldManager=keyweir",
      body: '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"namespace":"shop","name":"db"}}',
    },
    {
      method: "DELETE",
      path: "/api/v1/namespaces/shop",
      body: '{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Orphan","preconditions":{"uid":"u"}}',
    },
  ]);
});

test("names cannot leave their place in a path", async () => {
  const { kube, requests } = scene(ok());
  await kube.get(secrets, { namespace: "shop", name: "../../nodes?x=1" });
  expect(requests[0]?.path).toBe("/api/v1/namespaces/shop/secrets/..%2F..%2Fnodes%3Fx%3D1");
  await expect(kube.get(secrets, { namespace: "shop", name: ".." })).rejects.toThrow(
    '".." is no name of an object',
  );
  await expect(kube.get(secrets, { name: "db" })).rejects.toThrow("a Secret has a namespace");
});

test("a token is asked for with its audience and lifetime, and comes with its end", async () => {
  const status = { token: canaryToken, expirationTimestamp: "2026-01-01T00:10:00Z" };
  const { kube, requests } = scene(ok({ status }));
  expect(await kube.createToken("shop", "robot", { audiences: ["a"], expirationSeconds: 600 })).toEqual(
    status,
  );
  expect(requests[0]?.path).toBe("/api/v1/namespaces/shop/serviceaccounts/robot/token?fieldManager=keyweir");
  expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
    spec: { audiences: ["a"], expirationSeconds: 600 },
  });
});

test.each([
  {},
  { status: {} },
  { status: { token: "", expirationTimestamp: "x" } },
  { status: { token: canaryToken } },
])("the answer %j instead of a token is malformed", async (answer) => {
  const on = scene(ok(answer));
  const error = await settle(
    on,
    on.kube.createToken("shop", "robot", { audiences: ["a"], expirationSeconds: 600 }),
  );
  expect(error).toMatchObject({ code: "Malformed", retryable: true });
  expectNoCanary((error as KubeError).message);
});

test.each([
  [404, "NotFound", isNotFound, false],
  [409, "AlreadyExists", isAlreadyExists, false],
  [409, "Conflict", isConflict, true],
  [422, "Invalid", isInvalid, false],
  [410, "Gone", isExpired, true],
  [410, "Expired", isExpired, true],
] as const)("%i %s is told apart", async (status, reason, isIt, retryable) => {
  const details = {
    name: "db",
    causes: [{ field: "data[a]", reason: "FieldValueRequired", message: "is needed" }],
  };
  const on = scene(refusal(status, reason, { details }));
  const error = await settle(on, on.kube.get(secrets, target));
  expect([isNotFound, isAlreadyExists, isConflict, isInvalid, isExpired].filter((is) => is(error))).toEqual([
    isIt,
  ]);
  expect(error).toMatchObject({ status, reason, retryable, message: `it is ${reason}`, details });
  expect((error as KubeError).causes).toEqual(details.causes);
  expect(on.requests).toHaveLength(1);
});

test.each([
  [401, "Unauthorized", false],
  [403, "Forbidden", false],
  [413, "TooLarge", false],
  [418, "Refused", false],
  [500, "Internal", true],
  [504, "TimedOut", true],
])("the status %i without a Status is %s, and its page is not repeated", async (status, code, retryable) => {
  const on = scene({ status, body: `<html>${canaryToken}</html>` });
  const error = (await settle(on, on.kube.get(secrets, target))) as KubeError;
  expect(error).toMatchObject({ status, code, retryable });
  expect(error.message).toBe(`the API server answered ${status} for Secret shop/db`);
});

test("a 429 and a 503 are repeated no sooner than the server says, writes too", async () => {
  const on = scene(
    refusal(429, "TooManyRequests", {}, 3_000),
    refusal(503, "ServiceUnavailable", {}, 2_000),
    ok(),
  );
  const created = await settle(on, on.kube.create(secrets, { metadata: target }));
  expect(created).toEqual({ metadata: { name: "a" } });
  expect(on.requests).toHaveLength(3);
  expect(on.clock.monotonicMs()).toBeGreaterThanOrEqual(5_000);
  expect(on.clock.monotonicMs()).toBeLessThan(7_000);
});

test("retryAfterSeconds in the details counts as well", async () => {
  const on = scene(refusal(429, "TooManyRequests", { details: { retryAfterSeconds: 4 } }), ok());
  await settle(on, on.kube.get(secrets, target));
  expect(on.clock.monotonicMs()).toBeGreaterThanOrEqual(4_000);
});

test("repetitions are bounded, and a wait that is too long is for the caller", async () => {
  const often = scene(refusal(429, "TooManyRequests"));
  expect(await settle(often, often.kube.get(secrets, target))).toMatchObject({ code: "TooManyRequests" });
  expect(often.requests).toHaveLength(4);
  const long = scene(refusal(429, "TooManyRequests", {}, 60_000));
  expect(await settle(long, long.kube.get(secrets, target))).toMatchObject({ retryAfterMs: 60_000 });
  expect(long.requests).toHaveLength(1);
});

test("after a broken connection only what does the same twice is repeated", async () => {
  const repeated = async (call: (kube: KubeClient) => Promise<unknown>) => {
    const on = scene(reset(), ok());
    await settle(on, call(on.kube));
    return on.requests.length;
  };
  expect(await repeated((kube) => kube.get(secrets, target))).toBe(2);
  expect(await repeated((kube) => kube.mergePatch(secrets, target, {}))).toBe(2);
  expect(await repeated((kube) => kube.delete(secrets, target))).toBe(2);
  expect(await repeated((kube) => kube.create(secrets, { metadata: target }))).toBe(1);
  expect(await repeated((kube) => kube.replace(leases, { metadata: target }))).toBe(1);
});

test("a create is repeated when no connection was made at all, not after a silent 503", async () => {
  const away = scene(new KubeError("refused", { code: "Unreachable" }), ok());
  expect(await settle(away, away.kube.create(secrets, { metadata: target }))).toEqual({
    metadata: { name: "a" },
  });
  const silent = scene(refusal(503, "ServiceUnavailable"), ok());
  const error = await settle(silent, silent.kube.create(secrets, { metadata: target }));
  expect(error).toMatchObject({ code: "Unavailable", retryable: true });
});

test("a call without an answer ends at its deadline", async () => {
  const on = scene("never");
  const error = await settle(on, on.kube.get(secrets, target));
  expect(error).toMatchObject({ code: "TimedOut", status: 0, retryable: true });
  expect((error as KubeError).message).toBe(
    "the API server gave no answer for Secret shop/db within 30000 ms",
  );
  expect(on.clock.monotonicMs()).toBe(30_000);
});

test.each(["while it is in flight", "while it waits"])(
  "an abort ends a call %s at once, with its own reason",
  async (when) => {
    const on = scene(when === "while it waits" ? refusal(429, "TooManyRequests", {}, 5_000) : "never");
    const stopping = new AbortController();
    const reason = new Error("enough");
    const call = on.kube.get(secrets, target, stopping.signal).catch((error: unknown) => error);
    await on.clock.advance(1_000);
    stopping.abort(reason);
    expect(await call).toBe(reason);
    expect(on.clock.monotonicMs()).toBe(1_000);
    expect(on.requests).toHaveLength(1);
  },
);

test.each(["", "[", "5", "null", '"text"'])("the answer %j is malformed", async (body) => {
  const on = scene({ status: 200, body });
  expect(await settle(on, on.kube.get(secrets, target))).toMatchObject({ code: "Malformed", status: 200 });
});

const encodedCanary = Buffer.from(canaryValue).toString("base64");

test("an answer that repeats values of the request does not get them into the error", async () => {
  const data = { a: encodedCanary, b: `${canaryToken} is no base64`, c: null, d: 5 };
  const echo = `map[a:${encodedCanary} b:${canaryToken} is no base64] or ${canaryValue}`;
  const details = { causes: [{ field: "data", message: `Invalid value: "${echo}"` }] };
  const on = scene(refusal(422, "Invalid", { message: `data: Invalid value: ${echo}`, details }));
  const patch = { data, stringData: { e: canaryToken } };
  const error = (await settle(on, on.kube.mergePatch(secrets, target, patch))) as KubeError;
  expectNoCanary(`${error.message} ${JSON.stringify(error.details)} ${error.stack}`);
  expect(error.message).toBe("data: Invalid value: map[a:<redacted> b:<redacted>] or <redacted>");
  expect(error.causes[0]?.field).toBe("data");
});

test("an answer that repeats the stored object keeps its reason alone", async () => {
  const stored = JSON.stringify({ data: { other: encodedCanary }, kind: "Secret" });
  const cause = `Invalid value: ${JSON.stringify(stored)}: illegal base64 data at input byte 3`;
  const details = { causes: [{ field: "patch", reason: "FieldValueInvalid", message: cause }] };
  const on = scene(refusal(422, "Invalid", { message: ` "" is invalid: patch: ${cause}`, details }));
  const error = (await settle(
    on,
    on.kube.mergePatch(secrets, target, { data: { a: "no base64" } }),
  )) as KubeError;
  expectNoCanary(`${error.message} ${JSON.stringify(error.details)} ${error.stack}`);
  expect(error.message).toBe(
    "the API server cannot read the patched object: illegal base64 data at input byte 3",
  );
  expect(error).toMatchObject({ status: 422, code: "Invalid", causes: [{ field: "patch" }] });
});
