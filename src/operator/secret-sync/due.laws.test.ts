import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../core/random.ts";
import { settingsSchema } from "../settings.ts";
import { dueAfterFailure, dueAfterSuccess, dueWhenSeen } from "./due.ts";
import type { SecretProviderClass, SecretSync, SecretSyncStatus } from "./secret-sync.ts";
import { timestamp } from "./status.ts";

const nowMs = Date.UTC(2026, 5, 1, 12);
const hourMs = 3_600_000;

function secretSync(generation = 1): SecretSync {
  return {
    metadata: { namespace: "shop", name: "db", uid: "u1", generation },
    spec: {
      secretProviderClassName: "vault",
      serviceAccountName: "reader",
      secretObject: { data: [{ sourcePath: "s", targetKey: "k" }] },
    },
  };
}

const providerClass: SecretProviderClass = {
  metadata: { namespace: "shop", name: "vault", uid: "c1", generation: 1 },
};

function healthy(attemptMs: number): SecretSyncStatus {
  return {
    observedGeneration: 1,
    lastAttemptTime: timestamp(attemptMs),
    secretProviderClass: { uid: "c1", generation: 1 },
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "UpdateNoValueChangeSucceeded",
        message: "",
        lastTransitionTime: timestamp(attemptMs),
      },
    ],
    secret: {
      name: "db",
      uid: "s1",
      creationTimestamp: timestamp(attemptMs),
      resourceVersion: "1",
      keys: ["k"],
      labels: [],
      annotations: [],
    },
  };
}

function settings(rotationPollIntervalInSeconds: number, jitterSeconds: number) {
  return settingsSchema.parse({ rotationPollIntervalInSeconds, jitterSeconds });
}

const seen = {
  secretSync: secretSync(),
  providerClass,
  settings: settings(3600, 0),
  nowMs,
  lastAliveMs: undefined,
};

describe("when an object is due", () => {
  test("one that was never tried is due now, in the lane for new ones", () => {
    expect(dueWhenSeen({ ...seen, status: {} }, seededRandom(1))).toEqual({ atMs: nowMs, lane: "new" });
  });

  test("an edited one is due now, in the lane for forced ones", () => {
    const due = dueWhenSeen({ ...seen, secretSync: secretSync(2), status: healthy(nowMs) }, seededRandom(1));
    expect(due).toEqual({ atMs: nowMs, lane: "forced" });
  });

  test("one whose class was edited is due now", () => {
    const edited = { ...providerClass, metadata: { ...providerClass.metadata, generation: 2 } };
    const due = dueWhenSeen({ ...seen, providerClass: edited, status: healthy(nowMs) }, seededRandom(1));
    expect(due).toEqual({ atMs: nowMs, lane: "forced" });
  });

  test("a failing one waits for the time that its status names, across a restart", () => {
    const status: SecretSyncStatus = {
      ...healthy(nowMs),
      nextSyncTime: timestamp(nowMs + 90_000),
      conditions: [{ ...healthy(nowMs).conditions![0]!, reason: "Throttled" }],
    };
    expect(dueWhenSeen({ ...seen, status }, seededRandom(1)).atMs).toBe(nowMs + 90_000);
  });

  test("a restart re-reads nothing that was polled in time, although its status is old", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_599_000 }), (agoMs) => {
        const status = healthy(nowMs - 20 * hourMs);
        const due = dueWhenSeen({ ...seen, status, lastAliveMs: nowMs - agoMs }, seededRandom(1));
        // Either the grid time lies ahead, or it fell into the time without a controller.
        const gridMs = dueAfterSuccess({ ...seen, nowMs: nowMs - agoMs }, "routine", seededRandom(1)).atMs;
        expect(due.atMs).toBe(Math.max(nowMs, gridMs));
      }),
    );
  });

  test("age never exceeds interval and jitter: a law", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer(),
        fc.integer({ min: 0, max: 10 ** 9 }),
        (interval, jitter, seed, offsetMs) => {
          const input = { ...seen, settings: settings(interval, jitter), nowMs: nowMs + offsetMs };
          const routine = dueAfterSuccess(input, "routine", seededRandom(seed)).atMs;
          expect(routine).toBeGreaterThan(input.nowMs);
          expect(routine - input.nowMs).toBeLessThanOrEqual((interval + jitter) * 1000);
          // A new one may have been read a second ago.
          const first = dueAfterSuccess(input, "new", seededRandom(seed)).atMs;
          expect(first).toBeGreaterThanOrEqual(input.nowMs);
          expect(first - (input.nowMs - 1000)).toBeLessThanOrEqual(
            Math.max(1000, (interval + jitter) * 1000),
          );
        },
      ),
    );
  });

  test("a failure is tried again no sooner than after a second, nor before the vault allows", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("user", "throttle", "network", "bug" as const),
        fc.integer({ min: 1, max: 1000 }),
        fc.option(fc.integer({ min: 0, max: 600_000 }), { nil: undefined }),
        fc.integer(),
        (retryClass, attempt, retryAfterMs, seed) => {
          const due = dueAfterFailure(
            { ...seen, status: {} },
            { kind: "failed", reason: "ProviderError", message: "", retryClass, retryAfterMs },
            attempt,
            seededRandom(seed),
          );
          expect(due.atMs - nowMs).toBeGreaterThanOrEqual(Math.max(1000, retryAfterMs ?? 0));
          expect(due.lane).toBe("new");
        },
      ),
    );
  });
});
