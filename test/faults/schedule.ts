import { expect } from "vitest";
import { seededRandom, type Random } from "../../src/core/random.ts";
import { isNotFound } from "../../src/kube/kube-error.ts";
import { secrets as secretResource } from "../../src/kube/resources.ts";
import { secretProviderClasses, secretSyncs } from "../../src/operator/secret-sync/secret-sync.ts";
import { canaryValue, expectNoCanary } from "../support/canary.ts";
import { allSecret, VirtualFleet, type VirtualCluster } from "../support/virtual-fleet.ts";

const pollSeconds = 900;
const jitterSeconds = 30;
const names = ["alpha", "bravo", "charlie", "delta"];
const minuteMs = 60_000;

/** One disturbance, drawn and carried out by a schedule. */
interface Disturbance {
  readonly name: string;
  readonly apply: (world: World) => Promise<void> | void;
}

interface World {
  readonly fleet: VirtualFleet;
  readonly random: Random;
  readonly cluster: VirtualCluster;
  readonly name: string;
  /** How often each secret has been rotated. */
  readonly revisions: Map<string, number>;
}

const disturbances: readonly Disturbance[] = [
  { name: "rotate", apply: rotate },
  { name: "rotate", apply: rotate },
  {
    name: "force",
    apply: (world) => patchSync(world, `f-${Math.floor(world.random.next() * 1e9)}`),
  },
  {
    name: "vault answers 429",
    apply: (world) => vaultFault(world, { kind: "status", status: 429 }),
  },
  {
    name: "vault answers 429 with Retry-After",
    apply: (world) => vaultFault(world, { kind: "status", status: 429, retryAfterSeconds: 7 }),
  },
  { name: "vault answers 503", apply: (world) => vaultFault(world, { kind: "status", status: 503 }) },
  { name: "vault answers 500", apply: (world) => vaultFault(world, { kind: "status", status: 500 }) },
  { name: "vault resets", apply: (world) => vaultFault(world, { kind: "connection-error" }) },
  { name: "vault answers garbage", apply: (world) => vaultFault(world, { kind: "garbage" }) },
  { name: "vault is slow", apply: (world) => vaultFault(world, { kind: "latency", latencyMs: 45_000 }) },
  {
    name: "authority is down",
    apply: ({ fleet, random }) => {
      const nowMs = fleet.clock.wallMs();
      const untilMs = nowMs + random.next() * 20 * minuteMs;
      fleet.emulator.faults.add({
        kind: "status",
        status: 503,
        targets: ["authority"],
        fromMs: nowMs,
        untilMs,
      });
    },
  },
  {
    name: "a secret is disabled for a while",
    apply: async ({ fleet, name, random }) => {
      fleet.vault.setSecretEnabled(name, false);
      await fleet.clock.advance(random.next() * 20 * minuteMs);
      fleet.vault.setSecretEnabled(name, true);
    },
  },
  { name: "watches reset", apply: ({ cluster }) => cluster.sandbox.dropWatches("reset") },
  { name: "watches end", apply: ({ cluster }) => cluster.sandbox.dropWatches("end") },
  {
    name: "history is compacted",
    apply: ({ cluster, random }) => {
      cluster.sandbox.compactHistory(random.next() < 0.5 ? "event" : "status");
      cluster.sandbox.dropWatches();
    },
  },
  { name: "API server answers 500", apply: (world) => apiFault(world, 500) },
  { name: "API server answers 429", apply: (world) => apiFault(world, 429) },
  { name: "API server answers 409", apply: (world) => apiFault(world, 409) },
  { name: "API server answers 503", apply: (world) => apiFault(world, 503) },
  {
    name: "controller restarts",
    apply: async ({ fleet, cluster, random }) => {
      await cluster.stop();
      await fleet.clock.advance(random.next() * 10 * minuteMs);
      await cluster.start();
    },
  },
  {
    name: "user deletes the Secret",
    apply: (world) =>
      asUser(world, async ({ cluster, name }) => {
        await cluster.kube.delete(secretResource, { namespace: "shop", name }).catch(ignoreNotFound);
      }),
  },
  {
    name: "user edits the Secret",
    apply: (world) =>
      asUser(world, async ({ cluster, name }) => {
        const patch = { data: { value: "ZWRpdGVk" } };
        await cluster.kube
          .mergePatch(secretResource, { namespace: "shop", name }, patch)
          .catch(ignoreNotFound);
      }),
  },
  {
    name: "user breaks and mends the class",
    apply: async (world) => {
      await setTenant(world, "wrong");
      await world.fleet.clock.advance(world.random.next() * 5 * minuteMs);
      await setTenant(world, world.fleet.emulator.tenantId);
    },
  },
];

/**
 * Plays one seeded schedule over the whole system on virtual time: a few hours of disturbances, after each of which
 * the invariants are checked, then peace, after which everything must be in step. Throws what failed.
 */
export async function playSchedule(seed: number): Promise<{ readonly steps: readonly string[] }> {
  const random = seededRandom(seed);
  const values = Object.fromEntries(names.map((name) => [name, `${canaryValue}-${name}-0`]));
  await using fleet = await VirtualFleet.start({
    seed,
    clusterCount: 1 + Math.floor(random.next() * 2),
    settings: {
      rotationPollIntervalInSeconds: pollSeconds,
      jitterSeconds: random.next() < 0.5 ? 0 : jitterSeconds,
      enablePartialSecretSync: random.next() < 0.5,
    },
    secrets: values,
    emulator: { count429: random.next() < 0.5, tokenLifetimeSeconds: random.next() < 0.5 ? 600 : 3599 },
  });
  const revisions = new Map(names.map((name) => [name, 0]));
  const watcher = new LossWatcher(fleet);
  const steps: string[] = [];
  await fleet.clock.advance(random.next() * 5 * minuteMs, () => watcher.check());
  const count = 4 + Math.floor(random.next() * 8);
  for (let index = 0; index < count; index++) {
    const disturbance = pick(disturbances, random);
    const world: World = {
      fleet,
      random,
      cluster: pick(fleet.clusters, random),
      name: pick(names, random),
      revisions,
    };
    steps.push(`${fleet.clock.monotonicMs()} ${disturbance.name}`);
    if (disturbance.name === "user deletes the Secret") watcher.forget(world.cluster, world.name);
    await disturbance.apply(world);
    await fleet.clock.advance(random.next() * 15 * minuteMs, () => watcher.check());
  }
  // Faults last 20 minutes at most, the longest back-off 15, then a poll follows.
  const peaceMs = (20 + 15 + 15) * minuteMs + (pollSeconds + jitterSeconds) * 1000;
  await fleet.clock.advance(peaceMs, () => watcher.check());
  checkInStep(fleet, revisions, steps);
  return { steps };
}

function rotate({ fleet, name, revisions }: World): void {
  const revision = revisions.get(name)! + 1;
  revisions.set(name, revision);
  fleet.rotate(name, `${canaryValue}-${name}-${revision}`);
}

function patchSync(world: World, forceSynchronization: string): Promise<void> {
  return asUser(world, async ({ cluster, name }) => {
    await cluster.kube.mergePatch(
      secretSyncs,
      { namespace: "shop", name },
      { spec: { forceSynchronization } },
    );
  });
}

function setTenant(world: World, tenantID: string): Promise<void> {
  return asUser(world, async ({ cluster }) => {
    const ref = { namespace: "shop", name: "vault" };
    await cluster.kube.mergePatch(secretProviderClasses, ref, { spec: { parameters: { tenantID } } });
  });
}

/** What a person does: again, until the API server takes it. */
async function asUser(world: World, action: (world: World) => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await world.fleet.passUntil(action(world));
    } catch (error) {
      if (attempt === 50) throw error;
      await world.fleet.clock.advance(5_000);
    }
  }
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

type VaultEffect = Parameters<VirtualFleet["emulator"]["faults"]["add"]>[0];

function vaultFault({ fleet, random }: World, effect: VaultEffect): void {
  const nowMs = fleet.clock.wallMs();
  const untilMs = nowMs + random.next() * 20 * minuteMs;
  fleet.emulator.faults.add({ ...effect, targets: ["fleet"], fromMs: nowMs, untilMs });
}

function apiFault({ cluster, random }: World, status: number): void {
  const matches = [
    { resource: "secrets" },
    { resource: "secretsyncs", subresource: "status" as const },
    { resource: "serviceaccounts", subresource: "token" as const },
    { resource: "leases" },
    { verb: "watch" as const },
    { verb: "list" as const },
    {},
  ];
  cluster.sandbox.failNext({
    match: pick(matches, random),
    status,
    count: 1 + Math.floor(random.next() * 10),
    ...(random.next() < 0.3 ? { retryAfterSeconds: 3 } : {}),
  });
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random.next() * items.length)]!;
}

/** Trouble never deletes or blanks: a Secret that was there stays, with a value, whatever goes wrong. */
class LossWatcher {
  readonly #fleet: VirtualFleet;
  readonly #seen = new Set<string>();

  constructor(fleet: VirtualFleet) {
    this.#fleet = fleet;
  }

  forget(cluster: VirtualCluster, name: string): void {
    this.#seen.delete(`${this.#fleet.clusters.indexOf(cluster)}/${name}`);
  }

  check(): void {
    for (const [index, cluster] of this.#fleet.clusters.entries()) {
      for (const name of names) {
        this.#checkOne(`${index}/${name}`, cluster.valueOf(name));
        this.#checkOne(`${index}/${allSecret}/${name}`, cluster.valueOf(allSecret, name));
      }
    }
  }

  #checkOne(key: string, value: string | undefined): void {
    if (value !== undefined && value !== "") this.#seen.add(key);
    else if (this.#seen.has(key)) throw new Error(`cluster ${key} lost its value`);
  }
}

/** In peace every Secret holds the newest value and says so, and nothing secret was told on the way. */
function checkInStep(
  fleet: VirtualFleet,
  revisions: ReadonlyMap<string, number>,
  steps: readonly string[],
): void {
  const story = steps.join("\n");
  for (const [index, cluster] of fleet.clusters.entries()) {
    for (const sync of cluster.syncs()) {
      const { name } = sync.metadata;
      const where = `cluster ${index}, ${name}, after\n${story}`;
      for (const object of name === allSecret ? names : [name]) {
        const value = cluster.valueOf(name, name === allSecret ? object : "value");
        expect(value, where).toBe(`${canaryValue}-${object}-${revisions.get(object)}`);
      }
      const ready = sync.status?.conditions?.find((condition) => condition.type === "Ready");
      expect(`${ready?.status} ${ready?.reason}`, where).toMatch(/^True (Create|Update)/);
    }
    expectNoCanary(cluster.allText());
  }
  expectNoCanary(fleet.trace.join("\n"));
}
