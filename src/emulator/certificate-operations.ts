import { createHash, X509Certificate, type KeyObject } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { BackupSeal } from "./backup.ts";
import { readCertificateFile, writeCertificateFile } from "./certificate-file.ts";
import type { CertificateIssuing } from "./certificate-issuing.ts";
import { readPolicy, type CertificatePolicy } from "./certificate-policy.ts";
import { collectionRoute, objectOperation, ok } from "./collection-route.ts";
import { addKeyVersion, type KeyVersion } from "./key-operations.ts";
import { createKeyMaterial, keyMaterialOf, privateKeyOf } from "./key-material.ts";
import { attributesOf, newestOf } from "./object-bundle.ts";
import type { ObjectStore, StoredVersion } from "./object-store.ts";
import { hex32 } from "./random-id.ts";
import {
  assertObjectName,
  readAttributes,
  readJsonObject,
  readRequiredString,
  readString,
  readTags,
  type JsonObject,
} from "./request-body.ts";
import { queryValue } from "./wire.ts";
import type { SecretVersion } from "./secret-operations.ts";
import { badParameter, ServiceError } from "./service-error.ts";
import { createCharge, plainCharge, type OperationResult, type OperationRoute } from "./vault-operation.ts";

/** One version of a certificate. Its key and its secret have the same name and version id. */
export interface CertificateVersion extends StoredVersion {
  /** DER in base64; undefined while a new certificate waits for its first merge. */
  cer?: string;
  policy: CertificatePolicy;
}

/** Where certificates live, with the keys and secrets that belong to them. */
export interface CertificateOperationsOptions {
  readonly store: ObjectStore<CertificateVersion>;
  readonly keys: ObjectStore<KeyVersion>;
  readonly secrets: ObjectStore<SecretVersion>;
  readonly clock: Clock;
  readonly random: Random;
  readonly seal: BackupSeal;
  readonly emptyPages: boolean;
  readonly issuing: CertificateIssuing;
}

/** A create that was asked for; it waits for a merge when its issuer is `Unknown`. */
interface PendingOperation {
  readonly name: string;
  readonly requestId: string;
  readonly request: Buffer;
  readonly privateKey: KeyObject;
  readonly policy: CertificatePolicy;
  readonly given: GivenCertificate;
  status: "inProgress" | "completed" | "cancelled";
  /** What stands for a certificate that is new and not yet merged. */
  placeholder?: CertificateVersion;
}

type GivenCertificate = Partial<StoredVersion>;

/** The operations of certificates (REST API 7.0 to 2025-07-01) on one vault, without issuer accounts and contacts. */
export function certificateRoute(options: CertificateOperationsOptions): OperationRoute {
  const { store, keys, secrets, clock, random, issuing } = options;
  const pendings = new Map<string, PendingOperation>();
  const nowSeconds = () => Math.floor(clock.wallMs() / 1000);

  const pendingOf = (name: string): PendingOperation => {
    const pending = pendings.get(name.toLowerCase());
    if (pending !== undefined) return pending;
    throw new ServiceError(404, "PendingCertificateNotFound", `Pending certificate not found: ${name}`);
  };

  const create = objectOperation("CertificateCreate", plainCharge, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    assertFree(options, name);
    const body = readJsonObject(request.body);
    const before = store.find(name);
    const policy = readPolicy(
      body["policy"],
      before === undefined ? undefined : newestOf(before).policy,
      nowSeconds(),
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

  const importCertificate = objectOperation(
    "CertificateImport",
    createCharge,
    ({ request, baseUrl }, name) => {
      assertObjectName(name);
      assertFree(options, name);
      const body = readJsonObject(request.body);
      const file = readCertificateFile(readRequiredString(body, "value"), readString(body, "pwd") ?? "");
      const { privateKey, certificates } = file.content;
      const { sizeBits, curve, keyType } = keyMaterialOf(privateKey);
      const subject = certificates[0]!.subject.replaceAll("\n", ", ");
      const givenPolicy = readJsonObject(JSON.stringify(body["policy"] ?? {}));
      const policy = readPolicy(
        {
          ...givenPolicy,
          key_props: {
            exportable: true,
            ...(givenPolicy["key_props"] as object),
            kty: keyType,
            key_size: sizeBits,
            crv: curve,
          },
          secret_props: givenPolicy["secret_props"] ?? { contentType: file.form },
          x509_props: { subject },
          issuer: { name: "Unknown" },
        },
        undefined,
        nowSeconds(),
      );
      const version = addCertificate(
        options,
        { name, privateKey, policy, given: readGiven(body) },
        certificates,
      );
      return ok(bundle(baseUrl, store.get(name).name, version));
    },
  );

  const get = objectOperation("CertificateGet", plainCharge, ({ segments, baseUrl }, name) =>
    ok(bundle(baseUrl, store.get(name).name, store.version(name, segments[2]))),
  );

  const update = objectOperation("CertificateUpdate", plainCharge, ({ request, segments, baseUrl }, name) => {
    const version = store.version(name, segments[2]);
    const given = { ...readGiven(readJsonObject(request.body)), updated: nowSeconds() };
    Object.assign(version, given);
    Object.assign(keys.version(name, version.id), given);
    if (version.cer !== undefined) Object.assign(secrets.version(name, version.id), given);
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const getPolicy = objectOperation("CertificatePolicyGet", plainCharge, ({ baseUrl }, name) => {
    const object = store.get(name);
    return ok(policyAnswer(baseUrl, object.name, newestOf(object).policy));
  });

  const updatePolicy = objectOperation(
    "CertificatePolicyUpdate",
    plainCharge,
    ({ request, baseUrl }, name) => {
      const object = store.get(name);
      const version = newestOf(object);
      version.policy = readPolicy(readJsonObject(request.body), version.policy, nowSeconds());
      return ok(policyAnswer(baseUrl, object.name, version.policy));
    },
  );

  const pendingByMethod = new Map([
    ["GET", getPending],
    ["PATCH", cancelPending],
    ["DELETE", deletePending],
  ]);
  const policyByMethod = new Map([
    ["GET", getPolicy],
    ["PATCH", updatePolicy],
  ]);

  const shared = {
    ...options,
    kind: "Certificate",
    collection: "certificates",
    bundle,
    item,
    isListed,
  } as const;
  return collectionRoute({ ...shared, linkedStores: [keys, secrets] }, (method, segments) => {
    const count = segments.length;
    const third = segments[2]?.toLowerCase();
    if (count === 4) {
      return method === "POST" && third === "pending" && segments[3]!.toLowerCase() === "merge"
        ? merge
        : undefined;
    }
    if (count !== 2 && count !== 3) return undefined;
    if (third === "pending") return pendingByMethod.get(method);
    if (third === "policy") return policyByMethod.get(method);
    if (method === "POST")
      return third === "create" ? create : third === "import" ? importCertificate : undefined;
    if (method === "GET") return third === "versions" ? undefined : get;
    return method === "PATCH" ? update : undefined;
  });
}

/** Adds a disabled version without a certificate, and its key. */
function addPlaceholder(
  options: CertificateOperationsOptions,
  pending: PendingOperation,
): CertificateVersion {
  const seconds = Math.floor(options.clock.wallMs() / 1000);
  const basis = {
    created: seconds,
    updated: seconds,
    ...pending.given,
    id: hex32(options.random),
    enabled: false,
  };
  const placeholder = { ...basis, policy: pending.policy };
  options.store.add(pending.name, placeholder);
  addCertificateKey(options, pending, basis);
  return placeholder;
}

/** Adds a version to certificate, key and secret of one name, or completes the one that waits. */
function addCertificate(
  options: CertificateOperationsOptions,
  made: Pick<PendingOperation, "name" | "privateKey" | "policy" | "given" | "placeholder">,
  certificates: readonly X509Certificate[],
): CertificateVersion {
  const { name, privateKey, policy, placeholder } = made;
  const leaf = certificates[0]!;
  const seconds = Math.floor(options.clock.wallMs() / 1000);
  const basis = {
    id: placeholder?.id ?? hex32(options.random),
    created: placeholder?.created ?? seconds,
    updated: seconds,
    enabled: true,
    notBefore: Math.floor(Date.parse(leaf.validFrom) / 1000),
    expires: Math.floor(Date.parse(leaf.validTo) / 1000),
    ...made.given,
  };
  const version = Object.assign(placeholder ?? { policy }, basis, { cer: leaf.raw.toString("base64") });
  if (placeholder === undefined) {
    options.store.add(name, version);
    addCertificateKey(options, made, basis);
  } else {
    Object.assign(options.keys.version(name, basis.id), basis);
  }
  const contentType = policy.secret_props.contentType;
  const exported = policy.key_props.exportable ? privateKey : undefined;
  const value = writeCertificateFile(contentType, { privateKey: exported, certificates });
  options.secrets.add(name, { ...basis, managed: true, value, contentType });
  return version;
}

function addCertificateKey(
  { keys, clock, random }: CertificateOperationsOptions,
  { name, privateKey, policy }: Pick<PendingOperation, "name" | "privateKey" | "policy">,
  basis: StoredVersion,
): void {
  const material = keyMaterialOf(privateKey, String(policy.key_props.kty).endsWith("-HSM"));
  addKeyVersion({ store: keys, clock, random }, name, material, { ...basis, managed: true });
}

/** A certificate takes its name in all three collections; what is there must be of a certificate too. */
function assertFree({ store, keys, secrets }: CertificateOperationsOptions, name: string): void {
  store.assertFree(name);
  for (const [kind, other] of [
    ["key", keys],
    ["secret", secrets],
  ] as const) {
    other.assertFree(name);
    const object = other.find(name);
    if (object === undefined || newestOf<StoredVersion>(object).managed === true) continue;
    throw new ServiceError(
      409,
      "Conflict",
      `A ${kind} named ${name} exists that does not belong to a certificate.`,
    );
  }
}

function readGiven(body: JsonObject): GivenCertificate {
  const tags = readTags(body);
  return { ...readAttributes(body), ...(tags === undefined ? {} : { tags }) };
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

function policyAnswer(baseUrl: string, name: string, policy: CertificatePolicy): Record<string, unknown> {
  return { id: `${baseUrl}/certificates/${name}/policy`, ...policy };
}

function bundle(baseUrl: string, name: string, version: CertificateVersion): Record<string, unknown> {
  return {
    ...item(baseUrl, `${name}/${version.id}`, version),
    kid: `${baseUrl}/keys/${name}/${version.id}`,
    ...(version.cer === undefined
      ? {}
      : { sid: `${baseUrl}/secrets/${name}/${version.id}`, cer: version.cer }),
    policy: policyAnswer(baseUrl, name, version.policy),
    pending: { id: `${baseUrl}/certificates/${name}/pending` },
  };
}

function item(
  baseUrl: string,
  path: string,
  { cer, ...version }: CertificateVersion,
): Record<string, unknown> {
  return {
    id: `${baseUrl}/certificates/${path}`,
    ...(cer === undefined
      ? {}
      : { x5t: createHash("sha1").update(Buffer.from(cer, "base64")).digest("base64url") }),
    attributes: attributesOf(version),
    ...(version.tags === undefined ? {} : { tags: version.tags }),
  };
}

/** Lists leave out certificates that wait for their first merge, unless they are asked for. */
function isListed(version: CertificateVersion, query: string): boolean {
  return version.cer !== undefined || queryValue(query, "includepending")?.toLowerCase() === "true";
}
