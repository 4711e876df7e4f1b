import type { RequestListener } from "node:http";
import { appServicePath, identityEndpointOf } from "./managed-identity.ts";
import { toRequestListener, type Respond } from "./node-listener.ts";
import { jsonResponse } from "./wire.ts";

/** The address under which IMDS answers on a virtual machine. */
export const imdsAddress = "169.254.169.254";

/**
 * Serves the two managed-identity endpoints over plain HTTP and nothing else: whatever Host header a request has, no
 * vault and no token endpoint can be reached without TLS.
 */
export function identityListener(respond: Respond): RequestListener {
  return toRequestListener((request) =>
    identityEndpointOf(request.path) === undefined
      ? jsonResponse(404, { error: "not_found", error_description: notFoundText })
      : respond({ ...request, host: imdsAddress }),
  );
}

const notFoundText = `The emulator serves /metadata/identity/oauth2/token and ${appServicePath} here. Vaults and the token endpoint answer over TLS, on the port of the emulator.`;
