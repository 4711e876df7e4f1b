/**
 * Callers of one key share one piece of work. It is aborted when all of them have given up; one that gives up earlier
 * takes nothing from the others.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /** Joins the work under `key`, or starts it. Rejects with the signal's reason as soon as it aborts. */
  run<T>(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      const controller = new AbortController();
      const work = start(controller.signal).finally(() => this.#forget(key, controller));
      flight = { work, controller, callers: 0 };
      this.#flights.set(key, flight);
    }
    // Whoever uses a key always starts the same kind of work.
    return this.#join(key, flight as Flight<T>, signal);
  }

  #join<T>(key: string, flight: Flight<T>, signal: AbortSignal | undefined): Promise<T> {
    flight.callers++;
    if (signal === undefined) return flight.work;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        reject(reasonOf(signal));
        if (--flight.callers > 0) return;
        this.#forget(key, flight.controller);
        flight.controller.abort(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      flight.work
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", onAbort))
        .catch(() => undefined);
    });
  }

  #forget(key: string, controller: AbortController): void {
    if (this.#flights.get(key)?.controller === controller) this.#flights.delete(key);
  }
}

/** What an aborted signal says, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal.reason });
}

interface Flight<T = unknown> {
  readonly work: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}
