import { afterThisTurn } from "../core/clock.ts";

/**
 * Lets callers go on one a turn of the event loop, in their order. What arrives together is otherwise worked on together,
 * and what each piece of work sends leaves only when the last one is done: 16 answers of a vault would each wait for all.
 */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];

  /** Resolves in a turn that no other caller has. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) afterThisTurn(this.#run);
    });
  }

  readonly #run = () => {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) afterThisTurn(this.#run);
  };
}
