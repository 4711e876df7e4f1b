import type { Random } from "../core/random.ts";
import { logIncompleteBeta } from "./probability/incomplete-beta.ts";
import type { CompleteInputs } from "./inputs.ts";
import { poolsOf } from "./refresh-risk.ts";
import type { Counting, Pool } from "./window-risk.ts";

/** What a simulation has seen so far. */
export interface MonteCarloResult {
  readonly samples: number;
  /** Refreshes that were throttled. */
  readonly throttled: number;
  /** Exact (Clopper–Pearson) interval for the risk of a refresh, at 99 %. */
  readonly lower: number;
  readonly upper: number;
}

/**
 * Plays refreshes burst by burst: every burst draws its moment, the counters count. Two simulations with sources of
 * one seed see the same draws, so that answers for different jitters and countings compare on the same luck. A
 * refresh costs about 10 ns a burst.
 */
export class MonteCarlo {
  readonly #random: Random;
  readonly #vaults: readonly {
    readonly bursts: number;
    readonly counter: BurstCounter;
    readonly count: number;
  }[];
  readonly #subscription: BurstCounter | null;
  #samples = 0;
  #throttled = 0;

  constructor(inputs: CompleteInputs, counting: Counting, jitterSeconds: number, random: Random) {
    const { vaults, subscription } = poolsOf(inputs, counting);
    this.#random = random;
    this.#vaults = vaults.map(({ pool, count }) => ({
      bursts: pool.bursts,
      count,
      counter: counterOf(pool, jitterSeconds),
    }));
    this.#subscription = subscription === null ? null : counterOf(subscription, jitterSeconds);
  }

  /** Plays `samples` more refreshes. */
  run(samples: number): void {
    for (let sample = 0; sample < samples; sample++) if (this.#isThrottled()) this.#throttled++;
    this.#samples += samples;
  }

  result(): MonteCarloResult {
    return {
      samples: this.#samples,
      throttled: this.#throttled,
      ...exactInterval(this.#throttled, this.#samples),
    };
  }

  #isThrottled(): boolean {
    const random = this.#random;
    const subscription = this.#subscription;
    let isThrottled = false;
    subscription?.clear();
    for (const { bursts, counter, count } of this.#vaults) {
      for (let vault = 0; vault < count; vault++) {
        counter.clear();
        for (let burst = 0; burst < bursts; burst++) {
          const moment = random.next();
          counter.add(moment);
          subscription?.add(moment);
        }
        // Every draw is made even when the answer is known: common random numbers must stay in step.
        isThrottled ||= counter.isOverloaded();
      }
    }
    return isThrottled || (subscription?.isOverloaded() ?? false);
  }
}

/**
 * Steps that one simulated refresh takes (draws and counters to clear); about 10 ns each. Memory is 4 to 12 bytes for
 * each, so ask before building a {@link MonteCarlo}.
 */
export function stepsPerRefresh(inputs: CompleteInputs, counting: Counting, jitterSeconds: number): number {
  const { vaults, subscription } = poolsOf(inputs, counting);
  const counters = (pool: Pool) =>
    (jitterSeconds / pool.windowSeconds) * (pool.isSliding ? partsPerWindow : 1);
  return vaults.reduce(
    (sum, { pool, count }) => sum + (pool.bursts + counters(pool)) * count,
    subscription === null ? 0 : subscription.bursts + counters(subscription),
  );
}

interface BurstCounter {
  clear(): void;
  /** `moment` is a fraction of the jitter, in [0, 1). */
  add(moment: number): void;
  isOverloaded(): boolean;
}

function counterOf(pool: Pool, jitterSeconds: number): BurstCounter {
  return pool.isSliding ? new SlidingCounter(pool, jitterSeconds) : new FixedCounter(pool, jitterSeconds);
}

class FixedCounter implements BurstCounter {
  readonly #counts: Int32Array;
  readonly #windows: number;
  readonly #threshold: number;
  #largest = 0;

  constructor({ threshold, windowSeconds }: Pool, jitterSeconds: number) {
    this.#windows = jitterSeconds / windowSeconds;
    this.#counts = new Int32Array(Math.max(1, Math.ceil(this.#windows)));
    this.#threshold = threshold;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#largest = 0;
  }

  add(moment: number): void {
    const window = Math.floor(moment * this.#windows);
    const count = this.#counts[window]! + 1;
    this.#counts[window] = count;
    if (count > this.#largest) this.#largest = count;
  }

  isOverloaded(): boolean {
    return this.#largest > this.#threshold;
  }
}

/** Parts of a window that are counted first: only when some of them together could overflow are moments sorted. */
const partsPerWindow = 8;

class SlidingCounter implements BurstCounter {
  readonly #moments: Float64Array;
  readonly #counts: Int32Array;
  readonly #parts: number;
  readonly #threshold: number;
  readonly #share: number;
  #size = 0;

  constructor({ bursts, threshold, windowSeconds }: Pool, jitterSeconds: number) {
    this.#moments = new Float64Array(bursts);
    this.#share = jitterSeconds === 0 ? 1 : windowSeconds / jitterSeconds;
    this.#parts = partsPerWindow / this.#share;
    this.#counts = new Int32Array(Math.ceil(this.#parts));
    this.#threshold = threshold;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#size = 0;
  }

  add(moment: number): void {
    this.#moments[this.#size++] = moment;
    this.#counts[Math.floor(moment * this.#parts)]!++;
  }

  isOverloaded(): boolean {
    if (!this.#canOverload()) return false;
    const moments = this.#moments.sort();
    const threshold = this.#threshold;
    for (let first = 0; first + threshold < this.#size; first++) {
      if (moments[first + threshold]! - moments[first]! <= this.#share) return true;
    }
    return false;
  }

  /** A window touches at most one part more than it is long. */
  #canOverload(): boolean {
    const counts = this.#counts;
    let sum = 0;
    for (let part = 0; part < counts.length; part++) {
      sum += counts[part]!;
      if (part > partsPerWindow) sum -= counts[part - partsPerWindow - 1]!;
      if (sum > this.#threshold) return true;
    }
    return false;
  }
}

const halfOutside = 0.005;

function exactInterval(hits: number, samples: number): { readonly lower: number; readonly upper: number } {
  if (samples === 0) return { lower: 0, upper: 1 };
  return {
    lower:
      hits === 0 ? 0 : rootOf((p) => logIncompleteBeta(hits, samples - hits + 1, p), Math.log(halfOutside)),
    upper:
      hits === samples
        ? 1
        : rootOf((p) => logIncompleteBeta(hits + 1, samples - hits, p), Math.log1p(-halfOutside)),
  };
}

/** Where an increasing function of [0, 1] reaches `target`. */
function rootOf(increasing: (p: number) => number, target: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (increasing(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
