import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sleep } from "../core/clock.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { WorkQueue } from "./work-queue.ts";

const someKey = fc.constantFrom("a", "b", "c", "d", "e");
const someStep = fc.oneof(
  fc.record({
    kind: fc.constant("add" as const),
    key: someKey,
    delayMs: fc.integer({ min: 0, max: 5_000 }),
    priority: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({ kind: fc.constant("wait" as const), durationMs: fc.integer({ min: 0, max: 2_000 }) }),
);
const someScene = fc.record({
  steps: fc.array(someStep, { maxLength: 60, size: "max" }),
  workers: fc.integer({ min: 1, max: 4 }),
  workMs: fc.integer({ min: 0, max: 1_500 }),
  failureRate: fc.constantFrom(0, 0, 0.3),
  seed: fc.integer(),
});

test("no key is lost, none is worked on before its time, twice at once or by more workers than there are", async () => {
  await fc.assert(
    fc.asyncProperty(someScene, async ({ steps, workers, workMs, failureRate, seed }) => {
      const clock = new VirtualClock();
      const random = seededRandom(seed);
      const chance = random.fork("chance");
      /** Earliest time asked for since the key's work last began. */
      const asked = new Map<string, number>();
      const active = new Set<string>();
      const begun: string[] = [];
      const problems: string[] = [];
      const stopping = new AbortController();
      const queue = new WorkQueue({
        clock,
        random,
        workers,
        async work(key, signal) {
          const nowMs = clock.monotonicMs();
          begun.push(key);
          if (active.has(key)) problems.push(`${key} is worked on twice at once`);
          if (!(asked.get(key)! <= nowMs)) problems.push(`${key} is worked on before its time`);
          asked.delete(key);
          active.add(key);
          if (active.size > workers) problems.push("there are more at work than workers");
          await sleep(clock, workMs, signal);
          active.delete(key);
          if (chance.next() >= failureRate) return;
          // The queue itself asks again, after a wait of its own: at least a second.
          asked.set(key, Math.min(asked.get(key) ?? Infinity, clock.monotonicMs() + 1_000));
          throw new Error("no luck");
        },
      });
      const running = queue.run(stopping.signal);
      for (const step of steps) {
        if (step.kind === "wait") {
          await clock.advance(step.durationMs);
          continue;
        }
        queue.add(step.key, step);
        const dueMs = clock.monotonicMs() + step.delayMs;
        asked.set(step.key, Math.min(dueMs, asked.get(step.key) ?? Infinity));
      }
      await clock.advance(3_600_000);
      expect(problems).toEqual([]);
      expect([...asked.keys()], "keys that were asked for and never worked on").toEqual([]);
      expect([queue.readyCount, queue.delayedCount, queue.activeCount]).toEqual([0, 0, 0]);
      stopping.abort();
      await running;
      expect(begun.length > 0).toBe(steps.some(({ kind }) => kind === "add"));
    }),
    { numRuns: 100 },
  );
});

test("with a free worker each key is worked on at the very time it is due", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someStep, { maxLength: 60, size: "max" }), async (steps) => {
      const clock = new VirtualClock();
      const asked = new Map<string, number>();
      const latenesses: number[] = [];
      const stopping = new AbortController();
      const queue = new WorkQueue({
        clock,
        random: seededRandom(1),
        workers: 5,
        async work(key) {
          latenesses.push(clock.monotonicMs() - asked.get(key)!);
          asked.delete(key);
        },
      });
      const running = queue.run(stopping.signal);
      for (const step of steps) {
        if (step.kind === "add") {
          queue.add(step.key, step);
          asked.set(step.key, Math.min(clock.monotonicMs() + step.delayMs, asked.get(step.key) ?? Infinity));
        } else {
          await clock.advance(step.durationMs);
        }
      }
      await clock.advance(5_000);
      expect(latenesses.filter((latenessMs) => latenessMs !== 0)).toEqual([]);
      expect(asked.size).toBe(0);
      stopping.abort();
      await running;
    }),
  );
});

test("while higher priorities never run dry, a lower one still gets its turns", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (shareTurns, workers) => {
        const clock = new VirtualClock();
        const turns = { low: 0, high: 0 };
        const stopping = new AbortController();
        const queue: WorkQueue = new WorkQueue({
          clock,
          random: seededRandom(1),
          workers,
          shareTurns,
          async work(key) {
            const isLow = key.startsWith("low");
            turns[isLow ? "low" : "high"]++;
            await sleep(clock, 10);
            return { againAfterMs: 0, priority: isLow ? 0 : 9 };
          },
        });
        for (let index = 0; index < 20; index++) {
          queue.add(`low-${index}`);
          queue.add(`high-${index}`, { priority: 9 });
        }
        const running = queue.run(stopping.signal);
        await clock.advance(10_000);
        stopping.abort();
        await clock.advance(10);
        await running;
        const total = turns.low + turns.high;
        expect(total).toBeGreaterThanOrEqual(990 * workers);
        expect(Math.abs(turns.low - total / (shareTurns + 1))).toBeLessThanOrEqual(workers + 1);
      },
    ),
    { numRuns: 10 },
  );
});
