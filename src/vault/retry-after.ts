import type { HeaderValues } from "../core/text-exchange.ts";

/**
 * How long an answer asks to wait: `retry-after-ms`, `x-ms-retry-after-ms`, or `Retry-After` in seconds or as a date
 * (RFC 9110 §10.2.3). Undefined when it does not say, or not so that one can read it. At most an hour.
 */
export function retryAfterMsOf(headers: HeaderValues, nowWallMs: number): number | undefined {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const text = headers[name];
    if (typeof text === "string" && /^\d{1,15}$/.test(text)) return atMost(Number(text));
  }
  const text = headers["retry-after"];
  if (typeof text !== "string") return undefined;
  if (/^\d{1,15}$/.test(text)) return atMost(Number(text) * 1_000);
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : atMost(Math.max(0, dateMs - nowWallMs));
}

function atMost(waitMs: number): number {
  return Math.min(3_600_000, waitMs);
}
