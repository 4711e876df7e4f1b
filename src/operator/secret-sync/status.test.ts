import { describe, expect, test } from "vitest";
import type { FailureReason, Outcome } from "./outcome.ts";
import type { SecretSync, SecretSyncStatus, WrittenSecret } from "./secret-sync.ts";
import { statusAfter } from "./status.ts";

const nowMs = Date.UTC(2026, 5, 1, 12, 0, 0, 789);
const secretSync: SecretSync = {
  metadata: { namespace: "shop", name: "db", uid: "u1", generation: 3 },
  spec: {
    secretProviderClassName: "vault",
    serviceAccountName: "reader",
    secretObject: { data: [{ sourcePath: "s", targetKey: "k" }] },
  },
};
const written: WrittenSecret = {
  name: "db",
  uid: "s1",
  creationTimestamp: "2026-06-01T11:00:00Z",
  resourceVersion: "7",
  keys: ["k"],
  labels: [],
  annotations: [],
};

function synced(reason: Extract<Outcome, { kind: "synced" }>["reason"]): Outcome {
  return { kind: "synced", reason, written, syncHash: "k1:00", objects: [] };
}

function failed(reason: FailureReason, message = "why"): Outcome {
  return { kind: "failed", reason, message, retryClass: "network" };
}

function after(outcome: Outcome, previous: SecretSyncStatus = {}, atMs = nowMs): SecretSyncStatus {
  return statusAfter({
    secretSync,
    previous,
    outcome,
    classSeen: { uid: "c1", generation: 1 },
    nowMs: atMs,
    nextSyncMs: atMs + 3_600_000,
  });
}

function conditions(status: SecretSyncStatus): string[] {
  return status.conditions!.map((condition) => `${condition.type}=${condition.status}/${condition.reason}`);
}

describe("conditions", () => {
  test("the first success is Create and Ready", () => {
    const status = after(synced("CreateSucceeded"));
    expect(conditions(status)).toEqual(["Create=True/CreateSucceeded", "Ready=True/CreateSucceeded"]);
    expect(status.lastSuccessfulSyncTime).toBe("2026-06-01T12:00:00Z");
    expect(status.observedGeneration).toBe(3);
  });

  test("a check without change leaves the time of the last change alone", () => {
    const created = after(synced("CreateSucceeded"));
    const checked = after(synced("UpdateNoValueChangeSucceeded"), created, nowMs + 3_600_000);
    expect(conditions(checked)).toEqual([
      "Create=True/CreateSucceeded",
      "Update=True/UpdateNoValueChangeSucceeded",
      "Ready=True/UpdateNoValueChangeSucceeded",
    ]);
    expect(checked.lastSuccessfulSyncTime).toBe("2026-06-01T12:00:00Z");
    expect(checked.lastAttemptTime).toBe("2026-06-01T13:00:00Z");
  });

  test("a failure before the first success is not Ready", () => {
    expect(conditions(after(failed("ProviderError")))).toEqual([
      "Create=False/ProviderError",
      "Ready=False/ProviderError",
    ]);
  });

  test.each([
    ["ProviderError", "True"],
    ["Throttled", "True"],
    ["UserInputValidationFailed", "False"],
    ["ControllerSpcError", "False"],
    ["ValidatingAdmissionPolicyCheckFailed", "False"],
  ] as const)("with a good Secret in place %s leaves Ready %s and the Secret's record", (reason, ready) => {
    const status = after(failed(reason), after(synced("CreateSucceeded")));
    expect(conditions(status)).toEqual([
      "Create=True/CreateSucceeded",
      `Update=False/${reason}`,
      `Ready=${ready}/${reason}`,
    ]);
    expect(status.secret).toEqual(written);
  });

  test("a success clears the failure, also when no value changed", () => {
    const troubled = after(failed("Throttled"), after(synced("CreateSucceeded")));
    expect(conditions(after(synced("UpdateNoValueChangeSucceeded"), troubled))).toEqual([
      "Create=True/CreateSucceeded",
      "Update=True/UpdateNoValueChangeSucceeded",
      "Ready=True/UpdateNoValueChangeSucceeded",
    ]);
  });

  test("a transition time moves only with the status of its condition", () => {
    const created = after(synced("CreateSucceeded"));
    const later = after(synced("UpdateNoValueChangeSucceeded"), created, nowMs + 60_000);
    const ready = later.conditions!.find((condition) => condition.type === "Ready")!;
    expect(ready.lastTransitionTime).toBe("2026-06-01T12:00:00Z");
  });

  test("a partial synchronisation is Ready once every key has been good", () => {
    const objects = [
      { sourcePath: "a", targetKey: "k", reason: "Synced" },
      { sourcePath: "b", targetKey: "l", reason: "NotFound" },
    ];
    const partial = (keys: readonly string[]): Outcome => ({
      kind: "failed",
      reason: "PartialSync",
      message: "[]",
      retryClass: "user",
      objects,
      partial: { written: { ...written, keys }, syncHash: "k1:01", isChanged: true },
    });
    expect(conditions(after(partial(["k"])))).toContain("Ready=False/PartialSync");
    expect(conditions(after(partial(["k", "l"])))).toContain("Ready=True/PartialSync");
  });

  test("a Secret that was created in part counts as created, and the second try says the same", () => {
    const partial: Outcome = {
      kind: "failed",
      reason: "PartialSync",
      message: "[]",
      retryClass: "user",
      objects: [],
      partial: { written, syncHash: "k1:01", isChanged: true },
    };
    const first = after(partial);
    expect(conditions(first).slice(0, 2)).toEqual([
      "Create=True/CreateSucceeded",
      "Update=False/PartialSync",
    ]);
    expect(conditions(after(partial, first))).toEqual(conditions(first));
  });

  test("a long message is cut to the limit of the API", () => {
    const status = after(failed("ProviderError", "x".repeat(40_000)));
    expect(status.conditions![0]!.message).toHaveLength(32_768);
  });
});
