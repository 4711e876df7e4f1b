/**
 * The waiting time of a Retry-After header in whole seconds, in milliseconds. A date or anything else is `undefined`:
 * API servers send seconds (RFC 9110 §10.2.3 allows both).
 */
export function retryAfterMsOf(header: string | null | undefined): number | undefined {
  if (header === null || header === undefined || !/^\d{1,9}$/.test(header)) return undefined;
  return Number(header) * 1000;
}
