/**
 * Arithmetic on natural logarithms of probabilities: nothing underflows at 1e-300. `-Infinity` is the impossible event,
 * 0 the certain one.
 */

/** log(eˣ + eʸ); either may be infinite. */
export function logAdd(x: number, y: number): number {
  const high = Math.max(x, y);
  if (!Number.isFinite(high)) return high;
  return high + Math.log1p(Math.exp(Math.min(x, y) - high));
}

/** The logarithm of the complement: log(1 − eˣ) for x ≤ 0, without cancellation at either end. */
export function logComplement(x: number): number {
  if (x >= 0) return -Infinity;
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

/**
 * log(−log(1 − eˣ)): the hazard of an event of log-probability `x`. Hazards of independent events add up, and
 * {@link logOfHazard} turns the sum back, so that many tiny chances combine without loss.
 */
export function logHazard(x: number): number {
  return x < -40 ? x : Math.log(-logComplement(x));
}

/** The log-probability of an event whose log-hazard is `x`: log(1 − exp(−eˣ)). */
export function logOfHazard(x: number): number {
  return x < -40 ? x : Math.log(-Math.expm1(-Math.exp(x)));
}
