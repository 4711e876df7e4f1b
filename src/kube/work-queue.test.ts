import { expect, test } from "vitest";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

interface Started {
  readonly clock: VirtualClock;
  readonly queue: WorkQueue;
  /** `key@ms` of each start of work. */
  readonly log: string[];
  readonly stop: () => Promise<void>;
}

function start(options: Partial<WorkQueueOptions> = {}): Started {
  const clock = new VirtualClock();
  const log: string[] = [];
  const stopper = new AbortController();
  const work = options.work ?? (async () => {});
  const queue = new WorkQueue({
    clock,
    random: seededRandom(1),
    workers: 1,
    ...options,
    work: (key, signal) => {
      log.push(`${key}@${clock.monotonicMs()}`);
      return work(key, signal);
    },
  });
  const running = queue.run(stopper.signal);
  return {
    clock,
    queue,
    log,
    async stop() {
      stopper.abort();
      await running;
    },
  };
}

test("a key added twice before it is worked on is worked on once", async () => {
  const { clock, queue, log, stop } = start();
  queue.add("a");
  queue.add("a");
  await clock.advance(0);
  expect(log).toEqual(["a@0"]);
  await stop();
});

test("the earlier of two times counts, and the key is not done again at the later one", async () => {
  const { clock, queue, log, stop } = start();
  queue.add("a", { delayMs: 500 });
  queue.add("a", { delayMs: 200 });
  queue.add("a", { delayMs: 900 });
  await clock.advance(2_000);
  expect(log).toEqual(["a@200"]);
  await stop();
});

test("keys of one priority are served in the order they fell due, a higher priority first", async () => {
  const { clock, queue, log, stop } = start();
  queue.add("later", { delayMs: 10 });
  queue.add("b");
  queue.add("a");
  queue.add("urgent", { priority: 5 });
  await clock.advance(20);
  expect(log.map((entry) => entry.split("@")[0])).toEqual(["urgent", "b", "a", "later"]);
  await stop();
});
