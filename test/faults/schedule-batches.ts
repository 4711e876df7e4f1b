import { describe, expect, test } from "vitest";
import { playSchedule } from "./schedule.ts";

/** KEYWEIR_SEED replays one schedule, KEYWEIR_SCHEDULES says how many are played. */
const only = process.env["KEYWEIR_SEED"];
const count = Number(process.env["KEYWEIR_SCHEDULES"] ?? 2000);
const batchSize = 50;

/** Registers the tests of one half of the schedules; the halves run in parallel. */
export function describeSchedules(half: "odd" | "even"): void {
  const remainder = half === "odd" ? 1 : 0;
  const all = Array.from({ length: count }, (_, index) => index + 1);
  const seeds = only === undefined ? all.filter((seed) => seed % 2 === remainder) : [Number(only)];
  const batches = Array.from({ length: Math.ceil(seeds.length / batchSize) }, (_, index) => {
    const batch = seeds.slice(index * batchSize, (index + 1) * batchSize);
    return { first: batch[0], last: batch.at(-1), batch };
  });
  describe(`fault schedules with ${half} seeds`, { timeout: 600_000 }, () => {
    test.each(batches)("seeds $first to $last lose nothing and end in step", async ({ batch }) => {
      let stepCount = 0;
      for (const seed of batch) stepCount += (await playOrExplain(seed)).steps.length;
      expect(stepCount).toBeGreaterThan(batch.length);
    });
  });
}

async function playOrExplain(seed: number): ReturnType<typeof playSchedule> {
  try {
    return await playSchedule(seed);
  } catch (cause) {
    throw new Error(`seed ${seed} failed; replay it with KEYWEIR_SEED=${seed} npm run test:faults`, {
      cause,
    });
  }
}
