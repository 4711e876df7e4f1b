import { describe, expect, test } from "vitest";
import { keyOperationUnits, limitProfiles, type LimitClass } from "./profiles.ts";
import { WindowCounter, type VaultCounter, type WindowKind } from "./window-counter.ts";

const profile = limitProfiles["azure-2026"];
const startMs = Date.UTC(2026, 0, 1);
const kinds: readonly WindowKind[] = ["fixed", "sliding", "ring"];

function open(counter: WindowCounter, vault: string, region = "westeurope"): VaultCounter {
  return counter.open({ vault, subscription: "one", region });
}

function admittedOf(
  vault: VaultCounter,
  count: number,
  limitClass: LimitClass,
  units = 1,
  atMs = startMs,
): number {
  let admitted = 0;
  for (let index = 0; index < count; index++) {
    if (vault.request(atMs, limitClass, units).kind === "admitted") admitted++;
  }
  return admitted;
}

describe.each(kinds)("WindowCounter, %s window", (window) => {
  test("admits 4,000 GETs and refuses the next", () => {
    const vault = open(new WindowCounter({ profile, window }), "demo");
    expect(admittedOf(vault, 4000, "other")).toBe(4000);
    expect(vault.request(startMs, "other")).toEqual({
      kind: "refused",
      scope: "vault",
      limitClass: "other",
      limit: 4000,
      freeAtMs: startMs + 10_000,
    });
    expect(admittedOf(vault, 4001, "other", 1, startMs + 10_000)).toBe(4000);
  });

  test("refuses the 301st set while GETs still pass", () => {
    const vault = open(new WindowCounter({ profile, window }), "demo");
    expect(admittedOf(vault, 301, "createOrImport")).toBe(300);
    expect(vault.request(startMs, "other").kind).toBe("admitted");
    expect(vault.used(startMs, "createOrImport")).toBe(300);
  });

  test("admits 248 RSA 4096 and 16 RSA 2048 HSM operations and refuses the next", () => {
    const vault = open(new WindowCounter({ profile, window }), "demo");
    const large = keyOperationUnits(profile, { keyType: "RSA-HSM", sizeBits: 4096 });
    const small = keyOperationUnits(profile, { keyType: "RSA-HSM", sizeBits: 2048 });
    expect(admittedOf(vault, 248, "keyUnits", large)).toBe(248);
    expect(admittedOf(vault, 16, "keyUnits", small)).toBe(16);
    expect(vault.request(startMs, "keyUnits", 1).kind).toBe("refused");
  });

  test("refuses the sixth busy vault of a subscription, not one in another region or subscription", () => {
    const counter = new WindowCounter({ profile, window });
    for (let index = 0; index < 5; index++) {
      expect(admittedOf(open(counter, `busy-${index}`), 4000, "other")).toBe(4000);
    }
    const refusal = open(counter, "sixth").request(startMs, "other");
    expect(refusal).toMatchObject({ kind: "refused", scope: "subscription", limit: 20_000 });
    expect(open(counter, "sixth").used(startMs, "other")).toBe(0);
    expect(open(counter, "elsewhere", "eastus").request(startMs, "other").kind).toBe("admitted");
    const other = counter.open({ vault: "x", subscription: "two", region: "westeurope" });
    expect(other.request(startMs, "other").kind).toBe("admitted");
  });

  test("refuses what can never fit, and says so", () => {
    const vault = open(new WindowCounter({ profile, window }), "demo");
    expect(vault.request(startMs, "keyUnits", 4001)).toMatchObject({ freeAtMs: Number.POSITIVE_INFINITY });
  });

  test("counts one place once, however often it is opened", () => {
    const counter = new WindowCounter({ profile, window });
    expect(open(counter, "demo")).toBe(open(counter, "demo"));
  });
});

describe("WindowCounter that counts refused requests", () => {
  test("stays closed in a sliding window for as long as requests keep coming", () => {
    const vault = open(new WindowCounter({ profile, window: "sliding", countRefused: true }), "demo");
    for (let second = 0; second < 60; second++) {
      const admitted = admittedOf(vault, 500, "other", 1, startMs + second * 1000);
      expect(admitted).toBe(second < 8 ? 500 : 0);
    }
    expect(vault.request(startMs + 69_000, "other").kind).toBe("admitted");
  });

  test("opens with the next fixed window", () => {
    const vault = open(new WindowCounter({ profile, window: "fixed", countRefused: true }), "demo");
    expect(admittedOf(vault, 9000, "other")).toBe(4000);
    expect(admittedOf(vault, 9000, "other", 1, startMs + 10_000)).toBe(4000);
  });

  test("counts a request that the vault refused against the subscription too", () => {
    const counter = new WindowCounter({ profile, countRefused: true });
    expect(admittedOf(open(counter, "noisy"), 20_000, "other")).toBe(4000);
    expect(open(counter, "quiet").request(startMs, "other")).toMatchObject({ scope: "subscription" });
  });
});

describe("WindowCounter, legacy-2000", () => {
  test("counts sets and gets together", () => {
    const vault = open(new WindowCounter({ profile: limitProfiles["legacy-2000"] }), "demo");
    expect(admittedOf(vault, 1000, "createOrImport")).toBe(1000);
    expect(admittedOf(vault, 1001, "other")).toBe(1000);
  });
});
