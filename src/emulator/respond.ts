import { assertNever } from "../core/assert.ts";
import { sleep, type Clock } from "../core/clock.ts";
import type { Authority } from "./authority.ts";
import type { EmulatedVault } from "./emulated-vault.ts";
import { authorityTarget, ConnectionFault, type FaultEffect, type Faults } from "./faults.ts";
import { errorBody } from "./service-error.ts";
import { vaultNameOf } from "./vault-host.ts";
import { jsonResponse, type WireRequest, type WireResponse } from "./wire.ts";

/** What requests are led to. */
export interface RespondOptions {
  readonly vaults: ReadonlyMap<string, EmulatedVault>;
  readonly authority: Authority;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly latencyMs: number;
}

/**
 * The core that the in-process handler and the socket server share: finds who a request is for by its host, lets a
 * planned fault strike, answers. Synchronous unless a latency is set or an issuer's keys have to be fetched.
 */
export function createRespond(
  options: RespondOptions,
): (request: WireRequest) => WireResponse | Promise<WireResponse> {
  const { vaults, authority, faults, clock, latencyMs } = options;
  return (request) => {
    const vaultName = vaultNameOf(request.host);
    if (vaultName === undefined) {
      return withFault(faults.effectOn(authorityTarget), clock, latencyMs, () => authority.respond(request));
    }
    const vault = vaults.get(vaultName);
    if (vault === undefined) return noSuchVault(vaultName);
    return withFault(faults.effectOn(vaultName), clock, latencyMs, () => vault.respond(request));
  };
}

function withFault(
  effect: FaultEffect | undefined,
  clock: Clock,
  latencyMs: number,
  answer: () => WireResponse | Promise<WireResponse>,
): WireResponse | Promise<WireResponse> {
  if (effect === undefined) return latencyMs > 0 ? later(clock, latencyMs, answer()) : answer();
  switch (effect.kind) {
    case "connection-error":
      throw new ConnectionFault();
    case "status":
      return faultResponse(effect.status, effect.retryAfterSeconds);
    case "garbage":
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: '{"value": "cut off in the mid',
      };
    case "latency":
      return later(clock, latencyMs + effect.latencyMs, answer());
    default:
      return assertNever(effect);
  }
}

async function later(
  clock: Clock,
  delayMs: number,
  response: WireResponse | Promise<WireResponse>,
): Promise<WireResponse> {
  await sleep(clock, delayMs);
  return response;
}

function faultResponse(status: number, retryAfterSeconds: number | undefined): WireResponse {
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  return jsonResponse(
    status,
    errorBody("ServiceUnavailable", "The service is unavailable by a planned fault."),
    headers,
  );
}

/** The real service has no such host at all; an answer says more than a failed look-up. */
function noSuchVault(name: string): WireResponse {
  const message = `The emulator has no vault named ${name.slice(0, 60)}. Name it when the emulator is started.`;
  return jsonResponse(404, errorBody("VaultNotFound", message));
}
