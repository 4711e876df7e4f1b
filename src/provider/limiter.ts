/** Runs at most a fixed number of pieces of work at once; the others wait in the order in which they came. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#runningCount >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#runningCount++;
    try {
      return await work();
    } finally {
      // The place is handed on, so nobody can slip in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#runningCount--;
      else next();
    }
  }
}
