/**
 * Keys waiting to be worked on. A key is in the queue at most once and never with two workers at a time; adding it
 * again keeps the earlier time and the higher priority. Within a priority keys are served in the order they fell due;
 * a higher priority goes first, but every lower one keeps a guaranteed share. Adding a key while it is being worked on
 * makes it due again afterwards.
 */
import { assert, assertNever } from "../core/assert.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { exponentialBackoff, honourRetryAfter, type BackoffStep } from "../policy/backoff.ts";
import { DueHeap, type DueItem } from "./due-heap.ts";
import { PriorityLanes, type LaneItem } from "./priority-lanes.ts";

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Brings what the key names into its desired state. Resolve with when to do it again, if at all; a rejection puts the
   * key back after a jittered wait that grows with each failure in a row (at least its `retryAfterMs`, if it has one).
   */
  readonly work: (key: string, signal: AbortSignal) => Promise<WorkResult | void>;
  /** How many keys are worked on at a time. */
  readonly workers: number;
  /** Waits after failures; the state is 0 after a success. Default: 1 s to 5 min, full jitter. */
  readonly backoff?: BackoffStep<number>;
  /** A priority that waits is passed over at most this often in a row. Default 8. */
  readonly shareTurns?: number;
  readonly logger?: Logger;
}

export interface WorkResult {
  /** Absent: not again by itself. */
  readonly againAfterMs?: number;
  /** Default 0. */
  readonly priority?: number;
}

export interface AddOptions {
  /** Default 0: now. */
  readonly delayMs?: number;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
}

const defaultBackoff = exponentialBackoff({ floorMs: 1_000, baseMs: 1_000, factor: 2, capMs: 300_000 });

interface Entry extends DueItem, LaneItem<Entry> {
  readonly key: string;
  /** While it is worked on, `dueMs` is when to do it again (Infinity: not) and `priority` how urgent that is. */
  state: "delayed" | "ready" | "working";
}

/** The queue of one kind of work. Add keys at any time; call `run` once. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #delayed = new DueHeap<Entry>();
  readonly #ready: PriorityLanes<Entry>;
  /** Back-off states of the keys that failed last time. */
  readonly #failures = new Map<string, number>();
  #timer: { readonly dueMs: number; readonly timer: Timer } | undefined;
  #signal: AbortSignal | undefined;
  #activeCount = 0;
  #isStarting = false;
  readonly #idle = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions) {
    assert(options.workers >= 1, "a queue needs a worker");
    this.#options = options;
    this.#ready = new PriorityLanes(options.shareTurns ?? 8);
  }

  /** Keys that are due and wait for a worker. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** Keys that wait for their time. */
  get delayedCount(): number {
    return this.#delayed.size;
  }

  /** Keys being worked on. */
  get activeCount(): number {
    return this.#activeCount;
  }

  add(key: string, { delayMs = 0, priority = 0 }: AddOptions = {}): void {
    const dueMs = this.#options.clock.monotonicMs() + Math.max(0, delayMs);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const added = newEntry(key, dueMs, priority);
      this.#entries.set(key, added);
      this.#schedule(added);
    } else {
      this.#merge(entry, dueMs, priority);
    }
  }

  /** Works until `signal` aborts and the work in hand has ended; then resolves. Call it once. */
  async run(signal: AbortSignal): Promise<void> {
    assert(this.#signal === undefined, "a queue runs once");
    this.#signal = signal;
    const stop = () => {
      this.#timer?.timer[Symbol.dispose]();
      if (this.#activeCount === 0) this.#idle.resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    this.#promote();
    await this.#idle.promise;
  }

  /** Keeps the earlier time and the higher priority of what is asked and what was asked before. */
  #merge(entry: Entry, dueMs: number, askedPriority: number): void {
    const priority = Math.max(entry.priority, askedPriority);
    switch (entry.state) {
      case "working":
        entry.dueMs = Math.min(entry.dueMs, dueMs);
        entry.priority = priority;
        return;
      case "ready":
        if (priority === entry.priority) return;
        this.#ready.remove(entry);
        entry.priority = priority;
        this.#ready.push(entry);
        return;
      case "delayed":
        entry.priority = priority;
        if (dueMs >= entry.dueMs) return;
        this.#delayed.advance(entry, dueMs);
        this.#promote();
        return;
      default:
        assertNever(entry.state);
    }
  }

  #schedule(entry: Entry): void {
    entry.state = "delayed";
    this.#delayed.push(entry);
    this.#promote();
  }

  /** Moves what is due into the lanes, hands it to free workers, and sets the timer for what is due next. */
  #promote(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (
      let entry = this.#delayed.peek();
      entry !== undefined && entry.dueMs <= nowMs;
      entry = this.#delayed.peek()
    ) {
      this.#delayed.pop();
      entry.state = "ready";
      this.#ready.push(entry);
    }
    this.#startWorkSoon();
    const dueMs = this.#delayed.peek()?.dueMs;
    if (dueMs === undefined || this.#signal === undefined || this.#signal.aborted) return;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.timer[Symbol.dispose]();
    const timer = clock.setTimer(dueMs - nowMs, () => {
      this.#timer = undefined;
      this.#promote();
    });
    this.#timer = { dueMs, timer };
  }

  /** Not inside the caller of `add`: what it adds in one go is served by priority. */
  #startWorkSoon(): void {
    if (this.#isStarting || this.#ready.size === 0) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#startWork();
    });
  }

  #startWork(): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    while (this.#activeCount < this.#options.workers) {
      const entry = this.#ready.shift();
      if (entry === undefined) return;
      entry.state = "working";
      entry.dueMs = Infinity;
      entry.priority = -Infinity;
      this.#activeCount++;
      void this.#work(entry, signal);
    }
  }

  async #work(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock, random, work, backoff = defaultBackoff, logger = silentLogger } = this.#options;
    try {
      const result = (await work(entry.key, signal)) ?? {};
      this.#failures.delete(entry.key);
      if (result.againAfterMs !== undefined) {
        this.#merge(entry, clock.monotonicMs() + Math.max(0, result.againAfterMs), result.priority ?? 0);
      }
    } catch (error) {
      if (!signal.aborted) {
        const step = honourRetryAfter(backoff, retryAfterMsOf(error));
        const [delayMs, next] = step(this.#failures.get(entry.key) ?? 0, random);
        this.#failures.set(entry.key, next);
        this.#merge(entry, clock.monotonicMs() + delayMs, 0);
        logger.warn("work failed and will be done again", {
          key: entry.key,
          delayMs,
          error: messageOf(error),
        });
      }
    }
    this.#activeCount--;
    if (entry.dueMs === Infinity) this.#entries.delete(entry.key);
    else this.#schedule(entry);
    if (signal.aborted && this.#activeCount === 0) this.#idle.resolve();
    else this.#startWorkSoon();
  }
}

function newEntry(key: string, dueMs: number, priority: number): Entry {
  return {
    key,
    state: "delayed",
    dueMs,
    priority,
    heapIndex: -1,
    heapOrder: 0,
    next: undefined,
    previous: undefined,
  };
}

function retryAfterMsOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("retryAfterMs" in error)) return undefined;
  return typeof error.retryAfterMs === "number" ? error.retryAfterMs : undefined;
}
