import type { Refusal } from "../limits/window-counter.ts";
import { errorBody } from "./service-error.ts";
import type { WireResponse } from "./wire.ts";

/** The Retry-After header of a 429: none (as the real service), until the window has room, or so many seconds. */
export type RetryAfter = "none" | "window-end" | number;

/** The 429 of a vault, in the body and with the header that were asked for. */
export function throttledResponse(refusal: Refusal, retryAfter: RetryAfter, nowMs: number): WireResponse {
  const scope = refusal.scope === "vault" ? "Vault" : "Subscription";
  const message = `Request was not processed because too many requests were received. Reason: ${scope}RequestTypeLimitReached`;
  const seconds = retryAfterSeconds(refusal, retryAfter, nowMs);
  return {
    status: 429,
    headers: seconds === undefined ? {} : { "retry-after": String(seconds) },
    body: JSON.stringify(errorBody("Throttled", message)),
  };
}

function retryAfterSeconds(refusal: Refusal, retryAfter: RetryAfter, nowMs: number): number | undefined {
  if (retryAfter === "none") return undefined;
  if (retryAfter !== "window-end") return retryAfter;
  if (!Number.isFinite(refusal.freeAtMs)) return undefined;
  return Math.max(1, Math.ceil((refusal.freeAtMs - nowMs) / 1000));
}
