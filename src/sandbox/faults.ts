import type { Route } from "./routes.ts";
import { StatusError } from "./status-error.ts";

/** Which requests a fault hits; a field left out matches all. */
export interface RequestMatch {
  readonly verb?: Route["verb"];
  /** The plural: `secrets`. */
  readonly resource?: string;
  /** `null` matches requests without a subresource. */
  readonly subresource?: "status" | "token" | null;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Fault {
  /** All requests when left out. */
  readonly match?: RequestMatch;
  readonly status: number;
  /** Sent as the Retry-After header and in the details. */
  readonly retryAfterSeconds?: number;
  /** How many requests fail; 1 when left out. */
  readonly count?: number;
}

interface ArmedFault {
  readonly fault: Fault;
  remaining: number;
}

/** Failures that a test has ordered, used up in the order in which they were ordered. */
export class Faults {
  #armed: ArmedFault[] = [];

  add(fault: Fault): void {
    this.#armed.push({ fault, remaining: fault.count ?? 1 });
  }

  /** The fault that hits this request, which it uses up. */
  take(route: Route): Fault | undefined {
    if (this.#armed.length === 0) return undefined;
    const armed = this.#armed.find(({ fault }) => isMatch(fault.match ?? {}, route));
    if (armed === undefined) return undefined;
    if (--armed.remaining <= 0) this.#armed = this.#armed.filter((item) => item !== armed);
    return armed.fault;
  }
}

function isMatch(match: RequestMatch, route: Route): boolean {
  return (
    (match.verb === undefined || match.verb === route.verb) &&
    (match.resource === undefined || match.resource === route.resource.plural) &&
    (match.subresource === undefined || match.subresource === (route.subresource ?? null)) &&
    (match.namespace === undefined || match.namespace === route.namespace) &&
    (match.name === undefined || match.name === route.name)
  );
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The answer of a fault. */
export function faultError({ status, retryAfterSeconds }: Fault): StatusError {
  return new StatusError(
    status,
    reasons[status] ?? "",
    `a fault ordered by the test: ${status}`,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
  );
}
