import type { TokenCredential } from "@azure/core-auth";
import { systemClock, type Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { systemRandom, type Random } from "../core/random.ts";
import type { SecretBundle } from "./bundles.ts";
import { azurePublicCloud, type Cloud } from "./clouds.ts";
import { createVaultGateway, type VaultGatewayOptions } from "./gateway.ts";
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
  readonly version?: string;
  readonly signal?: AbortSignal;
}

/** Secrets of one vault for a Node application: cached, paced, and never in the way of others. */
export interface VaultClient extends AsyncDisposable {
  /** Rejects with a `VaultError`. */
  getSecret(name: string, options?: SecretOptions): Promise<SecretBundle>;
  /** All of `names`, in their order, within the budget: for start-up. Rejects with the first failure. */
  getSecrets(names: readonly string[], signal?: AbortSignal): Promise<readonly SecretBundle[]>;
  /** For "the cached copy stopped working": the next read asks the vault. Without a name, for all. */
  invalidate(name?: string): void;
}

/** Key Vault's guidance: read again when the copy stops working; half an hour bounds what that may miss. */
const cacheTtlMs = 30 * 60_000;

export function createVaultClient(options: VaultClientOptions): VaultClient {
  const {
    vaultUrl,
    credential,
    cloud = azurePublicCloud,
    clock = systemClock,
    random = systemRandom(),
  } = options;
  const ownTransport = options.transport === undefined ? httpTransport() : undefined;
  const gateway = createVaultGateway({
    clock,
    random,
    transport: options.transport ?? ownTransport!,
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    options: { cacheTtlMs, ...options },
  });
  const identity = { kind: "credential", key: "application", credential } as const;
  const read = (name: string, lane: "new" | "routine", { version, signal }: SecretOptions) =>
    gateway.getSecret(
      { identity, cloud, vaultUrl, name, lane, ...(version === undefined ? {} : { version }) },
      signal,
    );
  return {
    getSecret: (name, secretOptions = {}) => read(name, "new", secretOptions),
    getSecrets: (names, signal) =>
      Promise.all(names.map((name) => read(name, "routine", signal === undefined ? {} : { signal }))),
    invalidate: (name) =>
      name === undefined ? gateway.invalidate() : gateway.invalidate({ cloud, vaultUrl, name }),
    [Symbol.asyncDispose]: async () => ownTransport?.[Symbol.asyncDispose](),
  };
}
