/** Work that follows a write on the next turn, in the order in which it was asked for: collection of garbage, clean-up. */
export class Background {
  #tasks: (() => void)[] = [];
  #isClosed = false;

  schedule(task: () => void): void {
    if (this.#isClosed) return;
    if (this.#tasks.push(task) === 1) queueMicrotask(() => this.#run());
  }

  close(): void {
    this.#isClosed = true;
    this.#tasks = [];
  }

  #run(): void {
    for (let index = 0; index < this.#tasks.length; index++) this.#tasks[index]!();
    this.#tasks = [];
  }
}
