import { describe, expect, test } from "vitest";
import { serviceLimit, serviceLimits } from "./service-limits.ts";

describe("serviceLimits", () => {
  test("has one row an id", () => {
    expect(new Set(serviceLimits.map((row) => row.id)).size).toBe(serviceLimits.length);
  });

  test.each(serviceLimits)("$id has a source, a date and, if it limits a rate, a window", (row) => {
    expect(row.source).not.toBe("");
    expect(row.date).toMatch(/^\d{4}(-\d{2}){0,2}$/);
    expect(row.value).toBeGreaterThan(0);
    const isRate = ["transactions", "units", "times the vault's limit"].includes(row.unit);
    expect(row.windowSeconds !== undefined).toBe(isRate);
  });

  test("cannot be changed", () => {
    expect(Object.isFrozen(serviceLimits)).toBe(true);
    expect(serviceLimits.every((row) => Object.isFrozen(row))).toBe(true);
  });

  test.each([
    ["vault-transactions", 4000],
    ["vault-create-or-import", 300],
    ["vault-key-create-hsm", 10],
    ["vault-key-create-software", 20],
    ["vault-key-software-rsa-2048", 4000],
    ["vault-key-software-rsa-3072", 1000],
    ["vault-key-software-rsa-4096", 500],
    ["vault-key-software-ec", 4000],
    ["vault-key-hsm-rsa-2048", 2000],
    ["vault-key-hsm-rsa-3072", 500],
    ["vault-key-hsm-rsa-4096", 250],
    ["vault-key-hsm-ec", 2000],
    ["subscription-factor", 5],
    ["guide-software-keys", 2000],
    ["guide-hsm-keys", 1125],
    ["guide-secret-get", 2000],
    ["guide-vault-transactions", 2000],
    ["guide-subscription-hsm", 5000],
    ["guidance-subscription-hsm-other", 5000],
    ["extension-vault-transactions", 4000],
    ["extension-vault-per-second", 400],
    ["secret-value-bytes", 25_600],
    ["list-page-items", 25],
    ["federated-credentials", 20],
  ] as const)("%s is %d", (id, value) => {
    expect(serviceLimit(id)).toBe(value);
  });
});
