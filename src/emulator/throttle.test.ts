import { describe, expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { canaryValue } from "../../test/support/canary.ts";
import { holdToken, type TokenHolder } from "../../test/support/emulator-requests.ts";
import { createEmulator, type EmulatorOptions } from "./index.ts";

function newEmulator(options: Partial<EmulatorOptions> = {}) {
  const clock = new VirtualClock();
  const emulator = createEmulator({ vaults: ["demo"], clock, random: seededRandom(1), ...options });
  for (const name of emulator.vaultNames) emulator.vault(name).setSecret("db", canaryValue);
  return { emulator, clock };
}

async function statuses(
  holder: TokenHolder,
  count: number,
  method = "GET",
  body?: unknown,
): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  for (let index = 0; index < count; index++) {
    const { status } = await holder.send(method, "/secrets/db", body);
    found[status] = (found[status] ?? 0) + 1;
  }
  return found;
}

describe("an emulated vault", () => {
  test("answers 4,000 GETs in a window and 429 to the next, as the service words it", async () => {
    const { emulator, clock } = newEmulator();
    const holder = await holdToken(emulator, "demo");
    expect(await statuses(holder, 4000)).toEqual({ 200: 4000 });
    const refused = await holder.send("GET", "/secrets/db", undefined, { "x-ms-client-request-id": "abc" });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBeNull();
    expect(refused.headers.get("x-ms-client-request-id")).toBe("abc");
    const body = await refused.text();
    expect(body).toHaveLength(146);
    expect(JSON.parse(body)).toEqual({
      error: {
        code: "Throttled",
        message:
          "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
      },
    });
    await clock.advance(10_000);
    expect(await statuses(holder, 1)).toEqual({ 200: 1 });
    expect(emulator.vault("demo").counts()).toMatchObject({
      total: 4002,
      byStatus: { 200: 4001, 429: 1 },
      byClass: { other: { admittedUnits: 4001, refused: 1 } },
    });
  });

  test("answers 300 sets in a window and 429 to the next, while GETs still pass", async () => {
    const { emulator } = newEmulator();
    const holder = await holdToken(emulator, "demo");
    expect(await statuses(holder, 301, "PUT", { value: canaryValue })).toEqual({ 200: 300, 429: 1 });
    expect(await statuses(holder, 1)).toEqual({ 200: 1 });
    expect(emulator.vault("demo").usedUnits("createOrImport")).toBe(300);
  });

  test("shares its subscription's limit with the vaults of its region", async () => {
    const near = ["one", "two", "three", "four", "five", "six"].map((name) => ({ name: `v-${name}` }));
    const { emulator } = newEmulator({
      vaults: [...near, { name: "far", region: "eastus" }],
      profile: "strict-second",
    });
    for (const { name } of near.slice(0, 5)) {
      expect(await statuses(await holdToken(emulator, name), 400)).toEqual({ 200: 400 });
    }
    const refused = await (await holdToken(emulator, "v-six")).send("GET", "/secrets/db");
    expect(await refused.text()).toContain("SubscriptionRequestTypeLimitReached");
    expect(await statuses(await holdToken(emulator, "far"), 1)).toEqual({ 200: 1 });
  });

  test("counts authenticated requests that fail", async () => {
    const { emulator } = newEmulator({ profile: "strict-second" });
    const holder = await holdToken(emulator, "demo");
    for (let index = 0; index < 400; index++) await holder.send("GET", "/secrets/absent");
    expect(await statuses(holder, 1)).toEqual({ 429: 1 });
  });

  test.each([
    [false, { 200: 1 }],
    [true, { 429: 1 }],
  ])("counts requests without a token only when count401 is %s", async (count401, expected) => {
    const { emulator } = newEmulator({ profile: "strict-second", count401 });
    for (let index = 0; index < 400; index++) {
      await emulator.handler(new Request("https://demo.vault.localhost/secrets/db?api-version=7.6"));
    }
    expect(await statuses(await holdToken(emulator, "demo"), 1)).toEqual(expected);
  });

  test.each([
    [false, { 200: 1 }],
    [true, { 429: 1 }],
  ])(
    "with count429 %s a throttled client that never pauses gets, a sliding window later",
    async (count429, expected) => {
      const { emulator, clock } = newEmulator({ profile: "strict-second", window: "sliding", count429 });
      const holder = await holdToken(emulator, "demo");
      await statuses(holder, 400);
      for (let step = 0; step < 9; step++) {
        await clock.advance(100);
        await statuses(holder, 50);
      }
      await clock.advance(100);
      expect(await statuses(holder, 1)).toEqual(expected);
    },
  );

  test.each([
    ["none", null],
    ["window-end", "7"],
    [3, "3"],
  ] as const)("gives Retry-After %s as %s", async (retryAfter, expected) => {
    const { emulator, clock } = newEmulator({ retryAfter });
    await clock.advance(3_500);
    const holder = await holdToken(emulator, "demo");
    await statuses(holder, 4000);
    expect((await holder.send("GET", "/secrets/db")).headers.get("retry-after")).toBe(expected);
  });
});

describe("a planned fault", () => {
  test("makes a vault unavailable from a time until a time, and no other", async () => {
    const { emulator, clock } = newEmulator({ vaults: ["demo", "other"] });
    const holder = await holdToken(emulator, "demo");
    const startMs = clock.wallMs();
    emulator.faults.add({
      kind: "status",
      status: 503,
      targets: ["demo"],
      fromMs: startMs + 1000,
      untilMs: startMs + 2000,
    });
    expect(await statuses(holder, 1)).toEqual({ 200: 1 });
    await clock.advance(1000);
    expect(await statuses(holder, 1)).toEqual({ 503: 1 });
    expect(await statuses(await holdToken(emulator, "other"), 1)).toEqual({ 200: 1 });
    await clock.advance(1000);
    expect(await statuses(holder, 1)).toEqual({ 200: 1 });
  });

  test("breaks connections, answers garbage, or takes its time, until it is disposed", async () => {
    const { emulator, clock } = newEmulator();
    const holder = await holdToken(emulator, "demo");
    {
      using _broken = emulator.faults.add({ kind: "connection-error" });
      await expect(holder.send("GET", "/secrets/db")).rejects.toMatchObject({ code: "ECONNRESET" });
    }
    {
      using _garbage = emulator.faults.add({ kind: "garbage" });
      const response = await holder.send("GET", "/secrets/db");
      await expect(response.json()).rejects.toThrow(SyntaxError);
    }
    using _slow = emulator.faults.add({ kind: "latency", latencyMs: 5_000 });
    let status = 0;
    const pending = holder.send("GET", "/secrets/db").then((response) => (status = response.status));
    await clock.advance(4_999);
    expect(status).toBe(0);
    await clock.advance(1);
    await pending;
    expect(status).toBe(200);
  });

  test("strikes the authority when it is told so", async () => {
    const { emulator } = newEmulator();
    emulator.faults.add({
      kind: "status",
      status: 503,
      targets: ["authority"],
      untilMs: Number.MAX_SAFE_INTEGER,
    });
    const response = await emulator.handler(
      new Request(`${emulator.authorityHost}/common/discovery/instance`),
    );
    expect(response.status).toBe(503);
  });
});
