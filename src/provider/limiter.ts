/** Runs at most so many pieces of work at once, in the order in which they came; none starts after the abort. */
export class Limiter {
  readonly #limit: number;
  readonly #signal: AbortSignal;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(limit: number, signal: AbortSignal) {
    this.#limit = limit;
    this.#signal = signal;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#runningCount >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#runningCount++;
    try {
      this.#signal.throwIfAborted();
      return await work();
    } finally {
      // The place is handed on, so nobody can slip in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#runningCount--;
      else next();
    }
  }
}
