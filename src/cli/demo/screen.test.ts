import { describe, expect, test } from "vitest";
import { styleFor } from "../terminal.ts";
import {
  type DemoFacts,
  headLines,
  problemLines,
  rotationLines,
  type SyncRow,
  tableLines,
  tryItLines,
} from "./screen.ts";

const plain = styleFor(false);

const facts: DemoFacts = {
  vaultUrl: "https://demo.vault.localhost:41873",
  secretCount: 6,
  requestLimit: 4000,
  windowSeconds: 10,
  clusterUrl: "https://127.0.0.1:41874",
  namespaces: ["shop", "billing"],
  identityCount: 2,
  serviceAccountCount: 3,
  pollIntervalSeconds: 30,
  kubeconfigPath: "/tmp/keyweir-demo-x3Tq9a/kubeconfig",
};

const waiting: SyncRow = {
  name: "shop/db",
  isReady: undefined,
  reason: "waiting",
  message: "",
  keyCount: 0,
  ageMs: undefined,
  vaultRequestCount: 0,
};
const updated: SyncRow = {
  ...waiting,
  isReady: true,
  reason: "UpdateValueChangeOrForceUpdateSucceeded",
  keyCount: 2,
  ageMs: 1_234,
  vaultRequestCount: 4,
};
const old: SyncRow = { ...updated, name: "billing/mirror", ageMs: 754_000, vaultRequestCount: 1_204 };
const failed: SyncRow = {
  ...waiting,
  name: "billing/stripe",
  isReady: false,
  reason: "ProviderError",
  message: 'There is no secret "stripe-key" in vault "demo".',
};

function screen(rows: readonly SyncRow[], width: number): string[] {
  const version = "7f3a99d1c0ffee";
  const arrivals = [{ name: "shop/db", afterMs: 23.4, how: "asked for at once" }];
  return [
    ...headLines(facts, plain),
    ...tableLines(rows, plain, width),
    ...problemLines(rows, plain, width),
    ...rotationLines({ secretName: "db-password", version, arrivals }, ["shop/db", "billing/mirror"], plain),
    ...tryItLines(facts, plain),
  ];
}

describe("the demo's screen", () => {
  test("is as people know it", async () => {
    const text = screen([updated, waiting, failed, old], 80).join("\n");
    await expect(`${text}\n`).toMatchFileSnapshot("../../../test/golden/cli/demo-screen.txt");
  });

  test("fits 80 columns and 24 lines", () => {
    const lines = screen([updated, updated, updated, old], 80);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(24);
  });

  test("a wide terminal shows reasons in full", () => {
    expect(tableLines([updated], plain, 120).join("\n")).toContain("UpdateValueChangeOrForceUpdateSucceeded");
  });

  test("columns stand still while states change", () => {
    const before = tableLines([{ ...waiting, keyCount: 2 }, waiting], plain, 80);
    const after = tableLines([updated, { ...updated, ageMs: 59_000 }], plain, 80);
    expect(after[0]).toBe(before[0]);
  });
});
