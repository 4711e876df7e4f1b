import { assert } from "./assert.ts";
import type { Clock, Timer } from "./clock.ts";

/**
 * A clock that only moves when it is told to. Timers fire in the order (time, creation), one at a time, and after
 * each one the clock lets everything that it set off come to rest before it moves on. What runs on it must not wait
 * for real time, threads or sockets; then a run is a function of its inputs alone.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #nextId = 0;
  readonly #startWallMs: number;
  readonly #timers: PendingTimer[] = [];

  constructor(startWallMs: number = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** How many timers wait. */
  get pendingCount(): number {
    return this.#timers.length;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    assert(!Number.isNaN(delayMs), "a timer needs a delay in milliseconds");
    const timer: PendingTimer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      id: this.#nextId++,
      callback,
      isCancelled: false,
    };
    pushHeap(this.#timers, timer);
    return { [Symbol.dispose]: () => void (timer.isCancelled = true) };
  }

  /**
   * Moves to `monotonicMs() + durationMs`, firing every timer that falls due on the way. `afterStep` runs whenever
   * a timer has fired and all that it set off has come to rest.
   */
  async advance(durationMs: number, afterStep?: () => void): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settle();
    for (;;) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.dueMs > endMs) break;
      popHeap(this.#timers);
      if (timer.isCancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
      await settle();
      afterStep?.();
    }
    this.#nowMs = endMs;
  }

  /** Advances in small steps until `isDone()` holds; throws after `limitMs` of virtual time. */
  async advanceUntil(isDone: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    await settle();
    while (!isDone()) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.dueMs > endMs) {
        throw new Error(`still not done after ${limitMs} ms of virtual time`);
      }
      await this.advance(Math.max(0, timer.dueMs - this.#nowMs));
    }
  }
}

interface PendingTimer {
  readonly dueMs: number;
  readonly id: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/**
 * Promise chains end within one turn of the event loop, web streams and `nextTick` within a few; this many turns
 * without a timer leave nothing unfinished.
 */
const turnsToRest = 4;

async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsToRest; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

function isBefore(left: PendingTimer, right: PendingTimer): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.id < right.id);
}

function pushHeap(heap: PendingTimer[], timer: PendingTimer): void {
  let index = heap.push(timer) - 1;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex]!;
    if (!isBefore(timer, parent)) break;
    heap[index] = parent;
    heap[parentIndex] = timer;
    index = parentIndex;
  }
}

function popHeap(heap: PendingTimer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let childIndex = 2 * index + 1;
    if (childIndex >= heap.length) break;
    if (childIndex + 1 < heap.length && isBefore(heap[childIndex + 1]!, heap[childIndex]!)) childIndex++;
    if (!isBefore(heap[childIndex]!, last)) break;
    heap[index] = heap[childIndex]!;
    index = childIndex;
  }
  heap[index] = last;
}
