import { X509Certificate } from "node:crypto";
import { readPolicy } from "./certificate-policy.ts";
import {
  addCertificate,
  addPlaceholder,
  assertNameIsFree,
  bundle,
  readGiven,
  type CertificateOperationsOptions,
  type NewCertificate,
} from "./certificate-version.ts";
import { objectOperation } from "./collection-route.ts";
import { createKeyMaterial, privateKeyOf } from "./key-material.ts";
import { newestOf } from "./object-bundle.ts";
import { hex32 } from "./random-id.ts";
import { assertObjectName, readJsonObject } from "./request-body.ts";
import { badParameter, ServiceError } from "./service-error.ts";
import { plainCharge, type OperationResult } from "./vault-operation.ts";

/** A create that was asked for; it waits for a merge when its issuer is `Unknown`. */
interface PendingOperation extends NewCertificate {
  readonly requestId: string;
  readonly request: Buffer;
  status: "inProgress" | "completed" | "cancelled";
}

/** Create, and the operation that is pending from then on: read, cancel, delete, merge. */
export function pendingOperations(options: CertificateOperationsOptions) {
  const { store, keys, clock, random, issuing } = options;
  const pendings = new Map<string, PendingOperation>();

  const pendingOf = (name: string): PendingOperation => {
    const pending = pendings.get(name.toLowerCase());
    if (pending !== undefined) return pending;
    throw new ServiceError(404, "PendingCertificateNotFound", `Pending certificate not found: ${name}`);
  };

  const create = objectOperation("CertificateCreate", plainCharge, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    assertNameIsFree(options, name);
    const body = readJsonObject(request.body);
    const before = store.find(name);
    const policy = readPolicy(
      body["policy"],
      before === undefined ? undefined : newestOf(before).policy,
      Math.floor(clock.wallMs() / 1000),
    );
    const { kty, key_size: size, crv, reuse_key: isReused } = policy.key_props;
    const privateKey =
      isReused && before !== undefined
        ? privateKeyOf(newestOf(keys.get(name)))
        : privateKeyOf(createKeyMaterial(kty, size, crv));
    const pending: PendingOperation = {
      name,
      requestId: hex32(random),
      request: issuing.request(policy, privateKey),
      privateKey,
      policy,
      given: readGiven(body),
      status: "inProgress",
    };
    pendings.set(name.toLowerCase(), pending);
    const answer = pendingAnswer(baseUrl, pending, 202);
    if (policy.issuer.name.toLowerCase() !== "unknown") {
      addCertificate(options, pending, issuing.issue(policy, privateKey));
      pending.status = "completed";
    } else if (before === undefined) {
      pending.placeholder = addPlaceholder(options, pending);
    }
    return answer;
  });

  const getPending = objectOperation("CertificatePendingGet", plainCharge, ({ baseUrl }, name) =>
    pendingAnswer(baseUrl, pendingOf(name), 200),
  );

  const cancelPending = objectOperation(
    "CertificatePendingUpdate",
    plainCharge,
    ({ request, baseUrl }, name) => {
      const pending = pendingOf(name);
      const isCancelled = readJsonObject(request.body)["cancellation_requested"] === true;
      if (isCancelled && pending.status === "inProgress") pending.status = "cancelled";
      return pendingAnswer(baseUrl, pending, 200);
    },
  );

  const deletePending = objectOperation("CertificatePendingDelete", plainCharge, ({ baseUrl }, name) => {
    const pending = pendingOf(name);
    pendings.delete(name.toLowerCase());
    return pendingAnswer(baseUrl, pending, 200);
  });

  const merge = objectOperation("CertificatePendingMerge", plainCharge, ({ request, baseUrl }, name) => {
    const pending = pendingOf(name);
    const certificates = readChain(readJsonObject(request.body)["x5c"]);
    if (!certificates[0]!.checkPrivateKey(pending.privateKey)) {
      throw badParameter(
        "Property x5c has invalid value: its first certificate does not belong to the pending key.",
      );
    }
    const version = addCertificate(options, pending, certificates);
    pending.status = "completed";
    return { status: 201, body: bundle(baseUrl, store.get(name).name, version) };
  });

  return { create, getPending, cancelPending, deletePending, merge };
}

function readChain(x5c: unknown): readonly X509Certificate[] {
  try {
    if (Array.isArray(x5c) && x5c.length > 0) {
      return x5c.map((each) => new X509Certificate(Buffer.from(String(each), "base64")));
    }
  } catch {
    // Answered below like any other value that is no list of certificates.
  }
  throw badParameter("Property x5c has invalid value: it is not a list of certificates in base64.");
}

function pendingAnswer(baseUrl: string, pending: PendingOperation, status: number): OperationResult {
  const url = `${baseUrl}/certificates/${pending.name}/pending`;
  const isCompleted = pending.status === "completed";
  return {
    status,
    headers: { "retry-after": "0", location: `${url}?api-version=7.3&request_id=${pending.requestId}` },
    body: {
      id: url,
      issuer: pending.policy.issuer,
      csr: pending.request.toString("base64"),
      cancellation_requested: pending.status === "cancelled",
      status: pending.status,
      ...(isCompleted
        ? { target: `${baseUrl}/certificates/${pending.name}` }
        : { status_details: "Pending certificate created. Certificate request is in progress." }),
      request_id: pending.requestId,
    },
  };
}
