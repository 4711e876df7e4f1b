import type { Clock } from "../core/clock.ts";
import type { TokenAuthority } from "./access-token.ts";

/** What a token endpoint answers besides the body. */
export const noStore = { "cache-control": "no-store, no-cache", pragma: "no-cache" } as const;

/** A new access token in the wire form of version 2 of the token endpoint: times are numbers of seconds. */
export function tokenBody(tokens: TokenAuthority, clientId: string, resource: string): object {
  const lifetime = tokens.lifetimeSeconds;
  return { ...newToken(tokens, clientId, resource), expires_in: lifetime, ext_expires_in: lifetime };
}

/** As {@link tokenBody} for version 1, which writes numbers as text and names the resource. */
export function tokenBodyV1(
  tokens: TokenAuthority,
  clientId: string,
  resource: string,
  clock: Clock,
): object {
  const lifetime = tokens.lifetimeSeconds;
  const seconds = Math.floor(clock.wallMs() / 1000);
  return {
    ...newToken(tokens, clientId, resource),
    expires_in: String(lifetime),
    ext_expires_in: String(lifetime),
    expires_on: String(seconds + lifetime),
    not_before: String(seconds),
    resource,
  };
}

function newToken(tokens: TokenAuthority, clientId: string, resource: string): object {
  return { token_type: "Bearer", access_token: tokens.issue(clientId, resource) };
}
