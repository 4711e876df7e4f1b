import { limitClasses, type LimitClass } from "../limits/profiles.ts";

/** What a vault was asked since it was made. */
export interface VaultCounts {
  readonly total: number;
  /** Requests by answered status, as decimal text: `{ "200": 12, "429": 1 }`. */
  readonly byStatus: Readonly<Record<string, number>>;
  /** Requests by the operation's name in the audit log; refused ones are `Authentication` (401) or counted as theirs. */
  readonly byOperation: Readonly<Record<string, number>>;
  /** Units that the limits admitted, and requests that they refused. */
  readonly byClass: Readonly<
    Record<LimitClass, { readonly admittedUnits: number; readonly refused: number }>
  >;
}

/** Counts the requests of one vault. */
export class RequestCounts {
  #total = 0;
  readonly #byStatus = new Map<number, number>();
  readonly #byOperation = new Map<string, number>();
  readonly #byClass = new Map(limitClasses.map((name) => [name, { admittedUnits: 0, refused: 0 }]));

  countAnswer(operation: string, status: number): void {
    this.#total++;
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    this.#byOperation.set(operation, (this.#byOperation.get(operation) ?? 0) + 1);
  }

  countAdmitted(limitClass: LimitClass, units: number): void {
    this.#byClass.get(limitClass)!.admittedUnits += units;
  }

  countRefused(limitClass: LimitClass): void {
    this.#byClass.get(limitClass)!.refused++;
  }

  /** A copy of the counts now. */
  snapshot(): VaultCounts {
    return {
      total: this.#total,
      byStatus: Object.fromEntries(this.#byStatus),
      byOperation: Object.fromEntries(this.#byOperation),
      byClass: Object.fromEntries(
        [...this.#byClass].map(([name, counts]) => [name, { ...counts }]),
      ) as unknown as VaultCounts["byClass"],
    };
  }
}
