import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { secretSyncs } from "../src/operator/secret-sync/secret-sync.ts";
import { canaryValue, expectNoCanary } from "./support/canary.ts";
import { VirtualFleet } from "./support/virtual-fleet.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const pollSeconds = 3600;
const jitterSeconds = 120;

const secrets = Object.fromEntries(
  ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"].map((name) => [name, `${canaryValue}-${name}-0`]),
);

/** 24 hours of three clusters: polls, three rotations, a forced sync, an outage, a restart, dropped watches. */
async function playDay(seed: number): Promise<VirtualFleet> {
  const fleet = await VirtualFleet.start({
    seed,
    clusterCount: 3,
    settings: { rotationPollIntervalInSeconds: pollSeconds, jitterSeconds },
    secrets,
  });
  const watcher = new InvariantWatcher(fleet);
  const play = (durationMs: number) => fleet.clock.advance(durationMs, () => watcher.check());
  const rotate = (name: string, revision: number) => {
    watcher.expectChange(name);
    fleet.rotate(name, `${canaryValue}-${name}-${revision}`);
  };

  await play(3 * hourMs);
  rotate("alpha", 1);
  await play(3 * hourMs);
  rotate("bravo", 1);
  fleet.note("force bravo in cluster 0");
  await fleet.clusters[0]!.kube.mergePatch(
    secretSyncs,
    { namespace: "shop", name: "bravo" },
    { spec: { forceSynchronization: "day-1" } },
  );
  await play((jitterSeconds + 5) * 1000);
  expect(fleet.clusters[0]!.valueOf("bravo")).toBe(`${canaryValue}-bravo-1`);
  await play(2 * hourMs);

  watcher.isVaultDown = true;
  fleet.breakVault(hourMs);
  rotate("charlie", 1);
  await play(hourMs);
  watcher.isVaultDown = false;
  watcher.vaultBackMs = fleet.clock.wallMs();
  await play(3 * hourMs);

  fleet.note("drop watches");
  for (const cluster of fleet.clusters) cluster.sandbox.dropWatches();
  await play(2 * hourMs);
  fleet.note("forget history");
  for (const cluster of fleet.clusters) {
    cluster.sandbox.compactHistory();
    cluster.sandbox.dropWatches();
  }
  await play(2 * hourMs);

  fleet.note("restart cluster 1");
  await fleet.clusters[1]!.stop();
  const before = fleet.vaultRequestsMs[1]!.length;
  await fleet.clusters[1]!.start();
  await play(1000);
  // Only polls of the last minute and a half, which may have been under way, are done again.
  expect(fleet.vaultRequestsMs[1]!.length - before).toBeLessThanOrEqual(2);
  rotate("delta", 1);
  await play(24 * hourMs - fleet.clock.monotonicMs());
  watcher.checkAtEnd();
  return fleet;
}

/** The invariants of ARCHITECTURE.md, as far as they show outside, checked after every step of the clock. */
class InvariantWatcher {
  isVaultDown = false;
  vaultBackMs = 0;
  readonly #fleet: VirtualFleet;
  readonly #good = new Set<string>();
  readonly #changedMs = new Map<string, number>();
  #seenTrace = 0;

  constructor(fleet: VirtualFleet) {
    this.#fleet = fleet;
  }

  expectChange(name: string): void {
    this.#changedMs.set(name, this.#fleet.clock.wallMs());
  }

  check(): void {
    // Nothing happened since the last step that could have broken anything.
    if (this.#fleet.trace.length === this.#seenTrace) return;
    this.#seenTrace = this.#fleet.trace.length;
    this.#checkNothingIsLost();
  }

  checkAtEnd(): void {
    this.#checkFreshness();
    this.#checkBudget();
    for (const cluster of this.#fleet.clusters) expectNoCanary(cluster.allText());
    expectNoCanary(this.#fleet.trace.join("\n"));
    const { byStatus } = this.#fleet.vault.counts();
    expect(byStatus[200]).toBeGreaterThan(0);
    expect(byStatus[401], "no challenge was paid").toBeUndefined();
    expect(byStatus[429], "the vault never throttled").toBeUndefined();
  }

  /** 1: trouble never deletes or blanks. */
  #checkNothingIsLost(): void {
    for (const [index, cluster] of this.#fleet.clusters.entries()) {
      const present = new Set<string>();
      for (const secret of cluster.secrets()) {
        for (const [key, value] of Object.entries(secret.data ?? {})) {
          if (value !== "") present.add(`${index}/${secret.metadata.name}/${key}`);
        }
      }
      for (const place of this.#good) {
        if (place.startsWith(`${index}/`)) expect(present.has(place), `${place} has a value`).toBe(true);
      }
      for (const place of present) this.#good.add(place);
    }
  }

  /** 5: every change has arrived within interval + jitter, counted from the end of an outage that it fell into. */
  #checkFreshness(): void {
    for (const [name, changedMs] of this.#changedMs) {
      const dueMs =
        Math.max(changedMs, name === "charlie" ? this.vaultBackMs : 0) + (pollSeconds + jitterSeconds) * 1000;
      for (const cluster of this.#fleet.clusters) {
        expect(cluster.valueOf(name)).toBe(`${canaryValue}-${name}-1`);
        const object = cluster.syncs().find((sync) => sync.metadata.name === name)!.status!.objects![0]!;
        expect(Date.parse(object.syncedAt!)).toBeLessThanOrEqual(dueMs);
        expect(Date.parse(object.syncedAt!)).toBeGreaterThanOrEqual(changedMs - 1000);
      }
    }
  }

  /** 4: no window of ten seconds sees more of one cluster than its share of the vault, a tenth of 4,000. */
  #checkBudget(): void {
    for (const times of this.#fleet.vaultRequestsMs) {
      let first = 0;
      for (let last = 0; last < times.length; last++) {
        while (times[last]! - times[first]! >= 10_000) first++;
        expect(last - first + 1).toBeLessThanOrEqual(400);
      }
    }
  }
}

describe("a virtual day", { timeout: 60_000 }, () => {
  test("three clusters live through 24 hours of trouble, and a second run is the same to the byte", async () => {
    const digests: string[] = [];
    for (let run = 0; run < 2; run++) {
      await using fleet = await playDay(7);
      const text = fleet.trace.join("\n");
      digests.push(createHash("sha256").update(text).digest("hex"));
      expect(fleet.trace.length).toBeGreaterThan(1000);
      for (const cluster of fleet.clusters) {
        for (const sync of cluster.syncs()) {
          expect(sync.status!.conditions!.find((condition) => condition.type === "Ready")!.status).toBe(
            "True",
          );
        }
      }
    }
    expect(digests[1]).toBe(digests[0]);
  });

  test("another seed plays another day", async () => {
    const traces: string[] = [];
    for (const seed of [7, 8]) {
      await using fleet = await VirtualFleet.start({
        seed,
        clusterCount: 1,
        settings: { jitterSeconds },
        secrets,
      });
      await fleet.clock.advance(2 * hourMs);
      traces.push(fleet.trace.join("\n"));
    }
    expect(traces[1]).not.toBe(traces[0]);
  });
});
