import { assert } from "../core/assert.ts";
import { createWindow, type Window, type WindowKind } from "./window.ts";
import type { LimitClass, LimitProfile } from "./profiles.ts";

export type { WindowKind } from "./window.ts";

export interface WindowCounterOptions {
  readonly profile: LimitProfile;
  /** `fixed` unless said otherwise. */
  readonly window?: WindowKind;
  /**
   * Whether a refused request is counted all the same. The documents disagree on what the service does, so clients
   * must be safe under both. Off unless said otherwise.
   */
  readonly countRefused?: boolean;
}

/** Where a vault lives: vaults with the same subscription and region share that scope's limits. */
export interface VaultPlace {
  readonly vault: string;
  readonly subscription: string;
  readonly region: string;
}

/** Whether a request may pass. */
export type Admission = { readonly kind: "admitted" } | Refusal;

export interface Refusal {
  readonly kind: "refused";
  /** The narrowest scope that had no room. */
  readonly scope: "vault" | "subscription";
  readonly limitClass: LimitClass;
  readonly limit: number;
  /** Wall time at which the request would fit every scope if nothing else came; Infinity if it never fits. */
  readonly freeAtMs: number;
}

const admitted: Admission = Object.freeze({ kind: "admitted" });

/**
 * Enforces a limit profile as the service does: each request is measured against its vault and against the
 * subscription in its region; both must have room, and then both count it. A pure state machine: time comes in as
 * an argument (wall time in milliseconds), nothing is awaited.
 */
export class WindowCounter {
  readonly #options: WindowCounterOptions;
  readonly #vaults = new Map<string, VaultCounter>();
  readonly #subscriptions = new Map<string, ScopeWindows>();

  constructor(options: WindowCounterOptions) {
    this.#options = options;
  }

  /** The counter of one vault. The same place gives the same counter. */
  open(place: VaultPlace): VaultCounter {
    const subscriptionKey = JSON.stringify([place.subscription, place.region]);
    const vaultKey = JSON.stringify([place.vault, place.subscription, place.region]);
    const known = this.#vaults.get(vaultKey);
    if (known !== undefined) return known;
    const { profile, window = "fixed" } = this.#options;
    let shared = this.#subscriptions.get(subscriptionKey);
    if (shared === undefined) {
      shared = new ScopeWindows(profile.subscription, profile.windowSeconds * 1000, window);
      this.#subscriptions.set(subscriptionKey, shared);
    }
    const own = new ScopeWindows(profile.vault, profile.windowSeconds * 1000, window);
    const counter = new VaultCounter(profile, own, shared, this.#options.countRefused ?? false);
    this.#vaults.set(vaultKey, counter);
    return counter;
  }
}

/** One vault's share of a {@link WindowCounter}. */
export class VaultCounter {
  readonly #profile: LimitProfile;
  readonly #vault: ScopeWindows;
  readonly #subscription: ScopeWindows;
  readonly #countRefused: boolean;

  constructor(profile: LimitProfile, vault: ScopeWindows, subscription: ScopeWindows, countRefused: boolean) {
    this.#profile = profile;
    this.#vault = vault;
    this.#subscription = subscription;
    this.#countRefused = countRefused;
  }

  /** Counts a request that costs `units` (a positive whole number), if every scope has room for it. */
  request(nowMs: number, limitClass: LimitClass, units = 1): Admission {
    assert(units > 0, "a request costs at least one unit");
    const counted = this.#profile.countedAs[limitClass];
    const vaultWindow = this.#vault.of(counted);
    const subscriptionWindow = this.#subscription.of(counted);
    const vaultRoom = this.#vault.limits[counted] - units;
    const subscriptionRoom = this.#subscription.limits[counted] - units;
    const isVaultFull = vaultWindow.used(nowMs) > vaultRoom;
    if (!isVaultFull && subscriptionWindow.used(nowMs) <= subscriptionRoom) {
      vaultWindow.add(nowMs, units);
      subscriptionWindow.add(nowMs, units);
      return admitted;
    }
    if (this.#countRefused) {
      vaultWindow.add(nowMs, units);
      subscriptionWindow.add(nowMs, units);
    }
    const isTooBig = vaultRoom < 0 || subscriptionRoom < 0;
    const freeAtMs = isTooBig
      ? Number.POSITIVE_INFINITY
      : Math.max(
          vaultWindow.whenAtMost(nowMs, vaultRoom),
          subscriptionWindow.whenAtMost(nowMs, subscriptionRoom),
        );
    return {
      kind: "refused",
      scope: isVaultFull ? "vault" : "subscription",
      limitClass: counted,
      limit: isVaultFull ? this.#vault.limits[counted] : this.#subscription.limits[counted],
      freeAtMs,
    };
  }

  /** Units of `limitClass` in the vault's window that contains or ends at `nowMs`. */
  used(nowMs: number, limitClass: LimitClass): number {
    return this.#vault.of(this.#profile.countedAs[limitClass]).used(nowMs);
  }
}

/** The windows of one scope, made when their class is first used. */
class ScopeWindows {
  readonly limits: LimitProfile["vault"];
  readonly #windowMs: number;
  readonly #kind: WindowKind;
  readonly #windows = new Map<LimitClass, Window>();

  constructor(limits: LimitProfile["vault"], windowMs: number, kind: WindowKind) {
    this.limits = limits;
    this.#windowMs = windowMs;
    this.#kind = kind;
  }

  of(limitClass: LimitClass): Window {
    let window = this.#windows.get(limitClass);
    if (window === undefined) {
      window = createWindow(this.#kind, this.#windowMs);
      this.#windows.set(limitClass, window);
    }
    return window;
  }
}
