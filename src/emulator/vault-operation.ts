import type { LimitClass } from "../limits/profiles.ts";
import type { WireRequest } from "./wire.ts";

/** One authenticated request on its way through a vault. */
export interface Exchange {
  readonly request: WireRequest;
  /** Of the path, decoded: `["secrets", "db", "0123…"]`. */
  readonly segments: readonly string[];
  /** `https://` and the host that the caller used; ids start with it. */
  readonly baseUrl: string;
}

export interface OperationResult {
  readonly status: number;
  /** Written as JSON; undefined for no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request costs of the vault's limits. */
export interface Charge {
  readonly limitClass: LimitClass;
  readonly units: number;
}

/** One operation of the REST API. */
export interface VaultOperation {
  /** As the audit log calls it: `SecretGet`. */
  readonly name: string;
  readonly charge: Charge | ((exchange: Exchange) => Charge);
  /** Answers, or throws a ServiceError. */
  run(exchange: Exchange): OperationResult;
}

/** Finds the operation that a verb and path name; undefined when there is none. */
export type OperationRoute = (method: string, segments: readonly string[]) => VaultOperation | undefined;

/** One transaction of the class that most requests belong to. */
export const plainCharge: Charge = Object.freeze({ limitClass: "other", units: 1 });

/** One transaction of the class that set-secret and the imports share. */
export const createCharge: Charge = Object.freeze({ limitClass: "createOrImport", units: 1 });
