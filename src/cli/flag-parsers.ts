import { limitProfiles } from "../limits/profiles.ts";

/**
 * Parsers of flag values. A parser throws an error whose message continues the sentence "--flag …": it starts with
 * "must", says what is accepted and has no full stop. error-text.ts adds the flag and what was given.
 */
export class FlagValueError extends Error {
  override readonly name = "FlagValueError";
}

/** Accepts decimal digits alone (also grouped: `4,000`, `4_000`) between two bounds, both included. */
export function wholeNumber(
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): (input: string) => number {
  return (input) => {
    const isNumber = /^\d{1,3}(?:,\d{3})+$|^\d{1,3}(?:_\d{3})+$|^\d{1,16}$/.test(input);
    const value = isNumber ? Number(input.replaceAll(/[,_]/g, "")) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new FlagValueError(
      maximum === Number.MAX_SAFE_INTEGER
        ? `must be a whole number of at least ${formatCount(minimum)}`
        : `must be a whole number from ${formatCount(minimum)} to ${formatCount(maximum)}`,
    );
  };
}

/** A TCP port, 0 for a free one. */
export const port = wholeNumber(0, 65_535);

/** Text that is not empty, such as a path. */
export function text(input: string): string {
  if (input.trim() === "") throw new FlagValueError("must not be empty");
  return input;
}

/** An absolute HTTPS address. */
export function httpsUrl(input: string): string {
  const url = URL.parse(input);
  if (url !== null && url.protocol === "https:" && url.host !== "") return input;
  throw new FlagValueError("must be an address such as https://login.microsoftonline.com");
}

/** When a 429 lets clients come back: the header is absent, says when the window ends, or a fixed number of seconds. */
export type RetryAfterChoice = "none" | "window-end" | number;

/** Accepts `none`, `window-end` or whole seconds up to an hour. */
export function retryAfter(input: string): RetryAfterChoice {
  if (input === "none" || input === "window-end") return input;
  if (/^\d{1,4}$/.test(input) && Number(input) <= 3600) return Number(input);
  throw new FlagValueError("must be none, window-end or a number of seconds up to 3,600");
}

/** A share of today's limit of a vault (`10%`), or requests per 10 s. The result is requests per 10 s. */
export function vaultBudget(input: string): number {
  const limit = limitProfiles["azure-2026"].vault.other;
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(input);
  const requests = percent === null ? Number(input.replaceAll(",", "")) : (Number(percent[1]) / 100) * limit;
  if (/^[\d.,]+%?$/.test(input) && requests >= 1 && requests <= limit) return Math.floor(requests);
  throw new FlagValueError(
    `must be a share such as 10%, or 1 to ${formatCount(limit)} requests per 10 s (what a vault allows all its users)`,
  );
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
