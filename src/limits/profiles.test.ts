import { describe, expect, test } from "vitest";
import { keyOperationUnits, limitClasses, limitProfiles } from "./profiles.ts";

describe("limitProfiles", () => {
  test("azure-2026 gives a subscription five times each limit of a vault", () => {
    const { vault, subscription } = limitProfiles["azure-2026"];
    expect(vault).toEqual({
      other: 4000,
      createOrImport: 300,
      keyCreateHsm: 10,
      keyCreateSoftware: 20,
      keyUnits: 4000,
    });
    for (const name of limitClasses) expect(subscription[name]).toBe(5 * vault[name]);
  });

  test("legacy-2000 counts everything that is not a key operation together", () => {
    const { vault, countedAs } = limitProfiles["legacy-2000"];
    expect(vault.other).toBe(2000);
    expect(countedAs.createOrImport).toBe("other");
  });

  test("legacy-2000 allows 2,000 software and 1,125 HSM operations, 5,000 HSM operations a subscription", () => {
    const profile = limitProfiles["legacy-2000"];
    const software = keyOperationUnits(profile, { keyType: "RSA", sizeBits: 4096 });
    const hsm = keyOperationUnits(profile, { keyType: "EC-HSM" });
    expect(profile.vault.keyUnits / software).toBe(2000);
    expect(profile.vault.keyUnits / hsm).toBe(1125);
    expect(profile.subscription.keyUnits / hsm).toBe(5000);
  });

  test("strict-second gives a tenth of today's limits each second", () => {
    const profile = limitProfiles["strict-second"];
    expect(profile.windowSeconds).toBe(1);
    expect(profile.vault.other).toBe(400);
    for (const name of limitClasses) {
      expect(profile.vault[name] * 10).toBe(limitProfiles["azure-2026"].vault[name]);
    }
  });

  test.each([
    ["RSA", 2048, 1],
    ["RSA", 3072, 4],
    ["RSA", 4096, 8],
    ["RSA-HSM", 2048, 2],
    ["RSA-HSM", 3072, 8],
    ["RSA-HSM", 4096, 16],
    ["EC", undefined, 1],
    ["EC-HSM", undefined, 2],
  ] as const)("an operation on %s %s costs %d units", (keyType, sizeBits, units) => {
    const shape = sizeBits === undefined ? { keyType } : { keyType, sizeBits };
    expect(keyOperationUnits(limitProfiles["azure-2026"], shape)).toBe(units);
  });

  test("the documented mix of 248 RSA 4096 and 16 RSA 2048 HSM operations is exactly the budget", () => {
    const profile = limitProfiles["azure-2026"];
    const large = keyOperationUnits(profile, { keyType: "RSA-HSM", sizeBits: 4096 });
    const small = keyOperationUnits(profile, { keyType: "RSA-HSM", sizeBits: 2048 });
    expect(248 * large + 16 * small).toBe(profile.vault.keyUnits);
  });
});
