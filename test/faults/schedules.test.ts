import { describe, expect, test } from "vitest";
import { playSchedule } from "./schedule.ts";

/** KEYWEIR_SEED replays one schedule, KEYWEIR_SCHEDULES says how many are played. */
const only = process.env["KEYWEIR_SEED"];
const count = Number(process.env["KEYWEIR_SCHEDULES"] ?? 600);
const batchSize = 50;

const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)];
const batches = Array.from({ length: Math.ceil(seeds.length / batchSize) }, (_, index) =>
  seeds.slice(index * batchSize, (index + 1) * batchSize),
);

describe("fault schedules", { timeout: 600_000 }, () => {
  test.each(batches.map((batch) => ({ first: batch[0]!, last: batch.at(-1)!, batch })))(
    "seeds $first to $last lose nothing and end in step",
    async ({ batch }) => {
      let stepCount = 0;
      for (const seed of batch) {
        try {
          stepCount += (await playSchedule(seed)).steps.length;
        } catch (error) {
          throw new Error(`seed ${seed} failed; replay it with KEYWEIR_SEED=${seed} npm run test:faults`, {
            cause: error,
          });
        }
      }
      expect(stepCount).toBeGreaterThan(batch.length);
    },
  );
});
