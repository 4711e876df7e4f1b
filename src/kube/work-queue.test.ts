import { expect, test } from "vitest";
import { sleep, type Clock } from "../core/clock.ts";
import { seededRandom } from "../core/random.ts";
import { VirtualClock } from "../core/virtual-clock.ts";
import { KubeError } from "./kube-error.ts";
import { WorkQueue, type WorkQueueOptions, type WorkResult } from "./work-queue.ts";

type Work = (key: string, signal: AbortSignal, clock: Clock) => Promise<WorkResult | void>;

interface Started {
  readonly clock: VirtualClock;
  readonly queue: WorkQueue;
  /** `key@ms` of each start of work. */
  readonly log: string[];
  readonly stop: () => Promise<void>;
}

function start(options: Partial<Omit<WorkQueueOptions, "work">> & { readonly work?: Work } = {}): Started {
  const clock = new VirtualClock();
  const log: string[] = [];
  const stopper = new AbortController();
  const work: Work = options.work ?? (async () => {});
  const queue = new WorkQueue({
    clock,
    random: seededRandom(1),
    workers: 1,
    ...options,
    work: (key, signal) => {
      log.push(`${key}@${clock.monotonicMs()}`);
      return work(key, signal, clock);
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

test("a key that is added while it is worked on is worked on once more, not at the same time", async () => {
  const { clock, queue, log, stop } = start({ workers: 4, work: (_key, _signal, on) => sleep(on, 100) });
  queue.add("a");
  await clock.advance(10);
  queue.add("a");
  queue.add("a");
  await clock.advance(1_000);
  expect(log).toEqual(["a@0", "a@100"]);
  await stop();
});

test("work is repeated after the time that it asks for, sooner if the key is added", async () => {
  const { clock, queue, log, stop } = start({ work: async () => ({ againAfterMs: 1_000 }) });
  queue.add("a");
  await clock.advance(1_500);
  queue.add("a");
  await clock.advance(1_200);
  expect(log).toEqual(["a@0", "a@1000", "a@1500", "a@2500"]);
  await stop();
});

test("work that fails is repeated after growing waits, and from the start after a success", async () => {
  let failures = 4;
  const backoff = (waits: number) => [1_000 * 2 ** waits, waits + 1] as const;
  const work = async () => {
    if (failures-- > 0) throw new Error("no luck");
  };
  const { clock, queue, log, stop } = start({ work, backoff });
  queue.add("a");
  await clock.advance(20_000);
  expect(log).toEqual(["a@0", "a@1000", "a@3000", "a@7000", "a@15000"]);
  failures = 1;
  queue.add("a");
  await clock.advance(5_000);
  expect(log.slice(5)).toEqual(["a@20000", "a@21000"]);
  await stop();
});

test("a failure that says when to come back is not repeated earlier", async () => {
  let isFirst = true;
  const work = async () => {
    if (isFirst) {
      isFirst = false;
      throw new KubeError("slow down", { code: "TooManyRequests", retryAfterMs: 30_000 });
    }
  };
  const { clock, queue, log, stop } = start({ work });
  queue.add("a");
  await clock.advance(60_000);
  expect(log).toHaveLength(2);
  expect(Number(log[1]?.split("@")[1])).toBeGreaterThanOrEqual(31_000);
  await stop();
});

test("stopping waits for the work in hand, tells it, and starts none", async () => {
  const told: string[] = [];
  const work = async (key: string, signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    told.push(key);
  };
  const { clock, queue, log, stop } = start({ work });
  queue.add("a");
  queue.add("b");
  await clock.advance(10);
  await stop();
  queue.add("c");
  await clock.advance(10_000);
  expect(told).toEqual(["a"]);
  expect(log).toEqual(["a@0"]);
  expect([queue.readyCount, queue.delayedCount, queue.activeCount]).toEqual([2, 0, 0]);
});

test("keys added before the queue runs wait for it", async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const queue = new WorkQueue({
    clock,
    random: seededRandom(1),
    workers: 1,
    work: async (key) => void seen.push(key),
  });
  queue.add("a");
  queue.add("b", { delayMs: 5_000 });
  await clock.advance(10_000);
  expect(seen).toEqual([]);
  const stopping = new AbortController();
  const running = queue.run(stopping.signal);
  await clock.advance(0);
  expect(seen).toEqual(["a", "b"]);
  stopping.abort();
  await running;
});
