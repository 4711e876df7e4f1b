import type { Clock } from "../core/clock.ts";

/** What goes wrong while a fault lasts. */
export type FaultEffect =
  /** Answers this status (such as 503) with an error body. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds?: number }
  /** Breaks the connection without an answer: in-process the handler rejects with code ECONNRESET. */
  | { readonly kind: "connection-error" }
  /** Answers 200 with a body that is no JSON. */
  | { readonly kind: "garbage" }
  /** Answers later by so much, as it would otherwise. */
  | { readonly kind: "latency"; readonly latencyMs: number };

export type Fault = FaultEffect & {
  /** Which vaults; all of them when absent. `authority` stands for token and managed-identity endpoint. */
  readonly targets?: readonly string[];
  /** Wall time from which it lasts; from now on when absent. */
  readonly fromMs?: number;
  /** Wall time at which it ends; when absent it lasts until it is disposed. */
  readonly untilMs?: number;
};

/** The target that stands for token and managed-identity endpoint; no vault may have that name. */
export const authorityTarget = "authority";

/** The faults of an emulator: planned outages, and those added while it runs. */
export class Faults {
  readonly #clock: Clock;
  readonly #faults = new Set<Fault>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Plans a fault. Disposing what is returned ends it. */
  add(fault: Fault): Disposable {
    this.#faults.add(fault);
    return { [Symbol.dispose]: () => void this.#faults.delete(fault) };
  }

  /** The effect on `target` now, of the fault added first; undefined when all is well. */
  effectOn(target: string): FaultEffect | undefined {
    if (this.#faults.size === 0) return undefined;
    const nowMs = this.#clock.wallMs();
    for (const fault of this.#faults) {
      if (fault.untilMs !== undefined && nowMs >= fault.untilMs) this.#faults.delete(fault);
      else if (nowMs >= (fault.fromMs ?? 0) && (fault.targets?.includes(target) ?? true)) return fault;
    }
    return undefined;
  }
}

/** Stands for a connection that broke before an answer came. */
export class ConnectionFault extends Error {
  override readonly name = "ConnectionFault";
  readonly code = "ECONNRESET";
  constructor() {
    super("the connection was reset by a planned fault");
  }
}
