import type { TokenCredential } from "@azure/core-auth";
import { sleep, systemClock, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { systemRandom, type Random } from "../core/random.ts";
import type { Lane } from "../policy/priority-lane.ts";
import { retryDelayMs } from "../policy/schedule.ts";
import type { SecretBundle } from "./bundles.ts";
import { azurePublicCloud, type Cloud } from "./clouds.ts";
import { VaultError } from "./errors.ts";
import { createVaultGateway, type VaultGateway, type VaultGatewayOptions } from "./gateway.ts";
import { httpTransport } from "./http-transport.ts";
import type { VaultTransport } from "./transport.ts";

export interface VaultClientOptions extends VaultGatewayOptions {
  /** `https://NAME.vault.azure.net`. */
  readonly vaultUrl: string;
  /** Any credential of `@azure/identity`. */
  readonly credential: TokenCredential;
  /** The public cloud unless said otherwise. */
  readonly cloud?: Cloud;
  /** Sockets of its own unless given. */
  readonly transport?: VaultTransport;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface SecretOptions {
  /** The newest unless said otherwise. */
  readonly version?: string;
  readonly signal?: AbortSignal;
}

/**
 * Secrets of one vault for a Node application: from memory where that will do, within a budget, and tried again while
 * that makes sense. All reads reject with a {@link VaultError}, or the signal's reason when it aborts.
 */
export interface VaultClient extends AsyncDisposable {
  /** Ends within `timeoutMs`, 30 s unless the client was made with another one. */
  getSecret(name: string, options?: SecretOptions): Promise<SecretBundle>;
  /** All of `names`, in their order, paced by the budget: for start-up. Rejects with the first failure, after 10 min at most. */
  getSecrets(names: readonly string[], signal?: AbortSignal): Promise<readonly SecretBundle[]>;
  /** For "the cached copy stopped working": the next read asks the vault. Without a name, for all. */
  invalidate(name?: string): void;
}

/** Key Vault's guidance is to read again when the copy stops working; this bounds what that may miss. */
const defaultCacheTtlMs = 30 * 60_000;
const batchTimeoutMs = 10 * 60_000;
const batchConcurrency = 16;

/** Makes a client; disposing it closes the sockets that it opened. */
export function createVaultClient(options: VaultClientOptions): VaultClient {
  const { clock = systemClock, random = systemRandom(), timeoutMs = 30_000 } = options;
  const ownTransport = options.transport === undefined ? httpTransport() : undefined;
  const gateway = createVaultGateway({
    clock,
    random,
    transport: options.transport ?? ownTransport!,
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    options: { cacheTtlMs: defaultCacheTtlMs, ...options },
  });
  const { vaultUrl, cloud = azurePublicCloud } = options;
  const identity = { kind: "credential", key: "application", credential: options.credential } as const;
  const reader = new Reader(gateway, clock, random, { identity, cloud, vaultUrl });
  return {
    getSecret: (name, { version, signal } = {}) =>
      reader.read({ name, lane: "new", ...(version === undefined ? {} : { version }) }, timeoutMs, signal),
    getSecrets: (names, signal) => reader.readAll(names, signal),
    invalidate: (name) => gateway.invalidate(name === undefined ? undefined : { cloud, vaultUrl, name }),
    [Symbol.asyncDispose]: async () => ownTransport?.[Symbol.asyncDispose](),
  };
}

type Source = Pick<Parameters<VaultGateway["getSecret"]>[0], "identity" | "cloud"> & {
  readonly vaultUrl: string;
};

interface Wanted {
  readonly name: string;
  readonly lane: Lane;
  readonly version?: string;
}

class Reader {
  readonly #gateway: VaultGateway;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #source: Source;

  constructor(gateway: VaultGateway, clock: Clock, random: Random, source: Source) {
    this.#gateway = gateway;
    this.#clock = clock;
    this.#random = random;
    this.#source = source;
  }

  async read(wanted: Wanted, timeoutMs: number, signal?: AbortSignal): Promise<SecretBundle> {
    const deadlineAtMs = this.#clock.monotonicMs() + timeoutMs;
    for (let attempt = 1; ; attempt++) {
      const leftMs = deadlineAtMs - this.#clock.monotonicMs();
      try {
        return await this.#gateway.getSecret({ ...this.#source, ...wanted, timeoutMs: leftMs }, signal);
      } catch (thrown) {
        if (!(thrown instanceof VaultError) || !thrown.retryable) throw thrown;
        const delayMs = retryDelayMs(thrown.retryClass, attempt, this.#random, thrown.retryAfterMs);
        if (this.#clock.monotonicMs() + delayMs >= deadlineAtMs) throw thrown;
        await sleep(this.#clock, delayMs, signal);
      }
    }
  }

  async readAll(names: readonly string[], signal?: AbortSignal): Promise<readonly SecretBundle[]> {
    const stop = new AbortController();
    const anySignal = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const secrets: SecretBundle[] = [];
    let next = 0;
    const work = async () => {
      while (next < names.length) {
        const index = next++;
        secrets[index] = await this.read({ name: names[index]!, lane: "routine" }, batchTimeoutMs, anySignal);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(batchConcurrency, names.length) }, work));
    } catch (thrown) {
      stop.abort(thrown);
      throw thrown;
    }
    return secrets;
  }
}
