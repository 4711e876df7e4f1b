import type { Clock } from "../core/clock.ts";
import type { KubeClient } from "../kube/client.ts";

/** A token of a ServiceAccount for one audience. */
export interface ServiceAccountToken {
  readonly token: string;
  /** RFC 3339, as the API server gave it. */
  readonly expirationTimestamp: string;
}

/** The admission policy lets the controller ask for exactly this lifetime. */
const lifetimeSeconds = 600;
const refreshAtMs = lifetimeSeconds * 1000 * 0.8;
/** Above this many tokens the oldest are dropped. */
const tokenLimit = 20_000;

/**
 * Tokens of ServiceAccounts, from the TokenRequest API. One request per account, audience and eight minutes, however
 * many ask at once; while a refresh fails, the old token serves until it expires.
 */
export class ServiceAccountTokens {
  readonly #kube: KubeClient;
  readonly #clock: Clock;
  readonly #cached = new Map<string, { readonly token: ServiceAccountToken; readonly issuedMs: number }>();
  readonly #running = new Map<string, Promise<ServiceAccountToken>>();

  constructor(kube: KubeClient, clock: Clock) {
    this.#kube = kube;
    this.#clock = clock;
  }

  /** Rejects with the KubeError of the request when there is no valid token either. */
  async get(namespace: string, serviceAccount: string, audience: string): Promise<ServiceAccountToken> {
    const key = `${namespace}/${serviceAccount}/${audience}`;
    const cached = this.#cached.get(key);
    const ageMs = cached === undefined ? Infinity : this.#clock.monotonicMs() - cached.issuedMs;
    if (cached !== undefined && ageMs < refreshAtMs) return cached.token;

    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#request(key, namespace, serviceAccount, audience).finally(() =>
        this.#running.delete(key),
      );
      this.#running.set(key, running);
    }
    if (cached === undefined || ageMs >= lifetimeSeconds * 1000) return running;
    return running.catch(() => cached.token);
  }

  async #request(
    key: string,
    namespace: string,
    serviceAccount: string,
    audience: string,
  ): Promise<ServiceAccountToken> {
    const issuedMs = this.#clock.monotonicMs();
    const token = await this.#kube.createToken(namespace, serviceAccount, {
      audiences: [audience],
      expirationSeconds: lifetimeSeconds,
    });
    this.#cached.delete(key);
    this.#cached.set(key, { token, issuedMs });
    if (this.#cached.size > tokenLimit) this.#cached.delete(this.#cached.keys().next().value!);
    return token;
  }
}
