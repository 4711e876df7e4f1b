/** Numbers as the plan screens show them: grouped, with units, never more digits than they are worth. */

/** "4,000", "52.5". */
export function formatNumber(value: number, fractionDigits = 1): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: fractionDigits });
}

/** "75 s", "52.5 s", "78 years", "none" for no answer. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null) return "none";
  return seconds < 1e8 ? `${formatNumber(seconds)} s` : `${formatNumber(seconds / 31_557_600, 0)} years`;
}

/** "1 h 1 min 15 s"; from a day on its two largest units alone. Days are 24 h. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const) {
    const whole = Math.floor(rest / length);
    if (whole > 0) parts.push(`${formatNumber(whole)} ${unit}`);
    rest -= whole * length;
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest} s`);
  return parts.slice(0, seconds >= 86_400 ? 2 : 4).join(" ");
}

/**
 * A probability given by its log₁₀, as odds: "1 in 11,700", "1 in 10^36", "every refresh", "never" for null.
 */
export function formatOdds(log10: number | null): string {
  if (log10 === null) return "never";
  if (log10 > -1e-6) return "every refresh";
  if (log10 < -7) return `1 in 10^${Math.floor(-log10 + 1e-9)}`;
  const odds = 10 ** -log10;
  if (odds < 10) return `${formatNumber(100 / odds, 0)} % of refreshes`;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(odds)) - 2);
  return `1 in ${formatNumber(Math.round(odds / unit) * unit, 0)}`;
}

/** "0.0034 %", two significant figures. */
export function formatPercent(probability: number): string {
  if (probability === 0) return "0 %";
  const percent = probability * 100;
  return percent >= 0.001 ? `${Number(percent.toPrecision(2))} %` : `${percent.toExponential(1)} %`;
}
