import { assert } from "../core/assert.ts";

/**
 * How a window of w milliseconds is counted. `fixed`: spans [k·w, (k+1)·w) since the epoch. `sliding`: the w
 * milliseconds that end now, exactly. `ring`: the ten tenths of w that end with the current, aligned one.
 */
export type WindowKind = "fixed" | "sliding" | "ring";

/**
 * Counts units in a window. Times are milliseconds since the epoch, cut to whole ones; a time before the last one
 * counts as the last one. Constant time per call (amortised) and memory bounded by the window, not by the traffic.
 */
export interface Window {
  /** Units in the window that contains or ends at `nowMs`. */
  used(nowMs: number): number;
  /** Counts `units` at `nowMs`, whatever is in the window already. */
  add(nowMs: number, units: number): void;
  /** The first time at which at most `units` would be left of what is counted now; `nowMs` if that is so already. */
  whenAtMost(nowMs: number, units: number): number;
}

/** An empty window of `windowMs` (a positive multiple of ten). */
export function createWindow(kind: WindowKind, windowMs: number): Window {
  assert(windowMs > 0 && windowMs % ringBuckets === 0, "a window is a positive multiple of 10 ms");
  switch (kind) {
    case "fixed":
      return new FixedWindow(windowMs);
    case "sliding":
      return new SlidingWindow(windowMs);
    case "ring":
      return new RingWindow(windowMs);
  }
}

const ringBuckets = 10;

class FixedWindow implements Window {
  readonly #windowMs: number;
  #index = -1;
  #used = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  used(nowMs: number): number {
    const index = Math.floor(nowMs / this.#windowMs);
    if (index > this.#index) {
      this.#index = index;
      this.#used = 0;
    }
    return this.#used;
  }

  add(nowMs: number, units: number): void {
    this.#used = this.used(nowMs) + units;
  }

  whenAtMost(nowMs: number, units: number): number {
    return this.used(nowMs) <= units ? Math.floor(nowMs) : (this.#index + 1) * this.#windowMs;
  }
}

/** A log of (millisecond, units) in a circular buffer: at most one entry a millisecond of the window. */
class SlidingWindow implements Window {
  readonly #windowMs: number;
  #times = new Float64Array(16);
  #units = new Float64Array(16);
  #head = 0;
  #length = 0;
  #used = 0;
  #lastMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  used(nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, Math.floor(nowMs));
    const mask = this.#times.length - 1;
    const endMs = this.#lastMs - this.#windowMs;
    while (this.#length > 0 && this.#times[this.#head]! <= endMs) {
      this.#used -= this.#units[this.#head]!;
      this.#head = (this.#head + 1) & mask;
      this.#length--;
    }
    return this.#used;
  }

  add(nowMs: number, units: number): void {
    this.used(nowMs);
    this.#used += units;
    let mask = this.#times.length - 1;
    const last = (this.#head + this.#length - 1) & mask;
    if (this.#length > 0 && this.#times[last] === this.#lastMs) {
      this.#units[last]! += units;
      return;
    }
    if (this.#length === this.#times.length) {
      this.#grow();
      mask = this.#times.length - 1;
    }
    const next = (this.#head + this.#length) & mask;
    this.#times[next] = this.#lastMs;
    this.#units[next] = units;
    this.#length++;
  }

  whenAtMost(nowMs: number, units: number): number {
    let left = this.used(nowMs);
    let whenMs = this.#lastMs;
    for (let offset = 0; left > units && offset < this.#length; offset++) {
      const index = (this.#head + offset) & (this.#times.length - 1);
      left -= this.#units[index]!;
      whenMs = this.#times[index]! + this.#windowMs;
    }
    return whenMs;
  }

  #grow(): void {
    const size = this.#times.length;
    const times = new Float64Array(size * 2);
    const units = new Float64Array(size * 2);
    for (let offset = 0; offset < this.#length; offset++) {
      const index = (this.#head + offset) & (size - 1);
      times[offset] = this.#times[index]!;
      units[offset] = this.#units[index]!;
    }
    this.#times = times;
    this.#units = units;
    this.#head = 0;
  }
}

class RingWindow implements Window {
  readonly #bucketMs: number;
  readonly #buckets = new Float64Array(ringBuckets);
  #index = 0;
  #used = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / ringBuckets;
  }

  used(nowMs: number): number {
    const index = Math.floor(nowMs / this.#bucketMs);
    if (index - this.#index >= ringBuckets) {
      this.#buckets.fill(0);
      this.#used = 0;
      this.#index = index;
    }
    while (this.#index < index) {
      this.#index++;
      this.#used -= this.#buckets[this.#index % ringBuckets]!;
      this.#buckets[this.#index % ringBuckets] = 0;
    }
    return this.#used;
  }

  add(nowMs: number, units: number): void {
    this.used(nowMs);
    this.#buckets[this.#index % ringBuckets]! += units;
    this.#used += units;
  }

  whenAtMost(nowMs: number, units: number): number {
    let left = this.used(nowMs);
    if (left <= units) return Math.floor(nowMs);
    for (let step = 1; step < ringBuckets; step++) {
      left -= this.#buckets[(this.#index + step) % ringBuckets]!;
      if (left <= units) return (this.#index + step) * this.#bucketMs;
    }
    return (this.#index + ringBuckets) * this.#bucketMs;
  }
}
