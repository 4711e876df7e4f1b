import { VaultError } from "./errors.ts";
import { RequestGate, type RequestGateOptions } from "./request-gate.ts";

const maxGates = 1_000;

/** One gate per server, made at its first request. One that is as good as new makes room when there are too many. */
export class GateTable {
  readonly #options: Omit<RequestGateOptions, "server">;
  readonly #gates = new Map<string, RequestGate>();

  /** `options` are those of each gate. */
  constructor(options: Omit<RequestGateOptions, "server">) {
    this.#options = options;
  }

  /** The gate of the server at `address`, if it was ever asked. */
  peek(address: string): RequestGate | undefined {
    return this.#gates.get(address);
  }

  /** The gate of the server at `address`; `server` is its name in messages. */
  of(address: string, server: string): RequestGate {
    const known = this.#gates.get(address);
    if (known !== undefined) return known;
    if (this.#gates.size >= maxGates) this.#makeRoom(server);
    const gate = new RequestGate({ ...this.#options, random: this.#options.random.fork(address), server });
    this.#gates.set(address, gate);
    return gate;
  }

  #makeRoom(server: string): void {
    for (const [address, gate] of this.#gates) {
      if (gate.isAtRest) {
        this.#gates.delete(address);
        return;
      }
    }
    throw new VaultError("BudgetWait", `${server} cannot be asked: ${maxGates} servers are in use.`);
  }
}
