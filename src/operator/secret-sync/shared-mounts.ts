import type { Clock } from "../../core/clock.ts";
import { SingleFlight } from "../../policy/single-flight.ts";
import type { MountRequest, ProviderClient } from "../../provider/client.ts";

/** A Mount that hangs holds up nobody who begins later than this after it. */
const togetherMs = 100;

/**
 * Mounts for new SecretSyncs that ask the same at the same time are one call: a class that many of them name is read
 * once for those that begin together. The other lanes look for a change, so each of their Mounts begins after its cause.
 */
export function sharingMounts(provider: ProviderClient, clock: Clock): ProviderClient {
  const flights = new SingleFlight();
  return {
    mount(request, signal) {
      if (request.lane !== "new") return provider.mount(request, signal);
      const key = keyOf(request, Math.floor(clock.monotonicMs() / togetherMs));
      return flights.run(key, signal, (shared) => provider.mount(request, shared));
    },
  };
}

/** The attributes hold the class, the namespace and the service account with the token that proves it. */
function keyOf({ attributes, requestedPaths }: MountRequest, period: number): string {
  return `${period} ${JSON.stringify(requestedPaths)} ${attributes}`;
}
