import { STATUS_CODES } from "node:http";
import type { Identity } from "./access-token.ts";

/**
 * One request in the form in which Key Vault exports its audit log to storage and event hubs (category AuditEvent).
 * It never holds a secret value, token or assertion.
 */
export interface AuditRecord {
  /** ISO 8601. */
  readonly time: string;
  readonly category: "AuditEvent";
  readonly operationName: string;
  readonly resultType: string;
  /** The x-ms-request-id of the answer. */
  readonly correlationId: string;
  readonly callerIpAddress: string;
  readonly identity: {
    readonly claim?: { readonly oid: string; readonly appid: string; readonly idtyp: "app" };
  };
  readonly properties: {
    readonly id: string;
    readonly clientInfo: string;
    readonly httpStatusCode: number;
    readonly requestUri: string;
    readonly isAccessPolicyMatch?: boolean;
    readonly isRbacAuthorized?: boolean;
    readonly appliedAssignmentId?: string;
    readonly tlsVersion: "TLS1_3";
  };
  /** In upper case, as the service writes it. */
  readonly resourceId: string;
  readonly operationVersion: string;
  readonly resultSignature: string;
  readonly resultDescription?: string;
  /** Milliseconds, as text. */
  readonly durationMs: string;
}

/** What is known about a request once it is answered. */
export interface AuditedRequest {
  readonly wallMs: number;
  readonly operationName: string;
  readonly status: number;
  readonly requestId: string;
  readonly callerIpAddress: string;
  readonly identity: Identity | undefined;
  /** How the vault decides about access. */
  readonly access: "open" | "rbac" | "policies";
  readonly assignmentId: string | undefined;
  readonly objectUrl: string;
  readonly userAgent: string;
  readonly requestUri: string;
  readonly resourceId: string;
  readonly apiVersion: string;
  /** The error's message, if it is one. */
  readonly description: string | undefined;
  readonly durationMs: number;
}

/** Puts an answered request into the exported form. */
export function auditRecord(request: AuditedRequest): AuditRecord {
  const { identity, status } = request;
  const phrase = STATUS_CODES[status] ?? String(status);
  return {
    time: new Date(request.wallMs).toISOString(),
    category: "AuditEvent",
    operationName: request.operationName,
    resultType: status < 400 ? "Success" : phrase.replaceAll(" ", ""),
    correlationId: request.requestId,
    callerIpAddress: request.callerIpAddress,
    identity:
      identity === undefined
        ? {}
        : { claim: { oid: identity.objectId, appid: identity.clientId, idtyp: "app" } },
    properties: {
      id: request.objectUrl,
      clientInfo: request.userAgent,
      httpStatusCode: status,
      requestUri: request.requestUri,
      ...(identity === undefined ? {} : authorization(request)),
      tlsVersion: "TLS1_3",
    },
    resourceId: request.resourceId,
    operationVersion: request.apiVersion,
    resultSignature: phrase,
    ...(request.description === undefined ? {} : { resultDescription: request.description }),
    durationMs: String(Math.round(request.durationMs)),
  };
}

function authorization({ access, assignmentId, status }: AuditedRequest): Partial<AuditRecord["properties"]> {
  if (access !== "rbac") return { isAccessPolicyMatch: status !== 403 };
  if (assignmentId === undefined) return { isRbacAuthorized: false };
  return { isRbacAuthorized: true, appliedAssignmentId: assignmentId };
}
