import { readCertificateFile } from "./certificate-file.ts";
import { readPolicy } from "./certificate-policy.ts";
import {
  addCertificate,
  assertNameIsFree,
  bundle,
  item,
  policyAnswer,
  readGiven,
  type GivenCertificate,
  type CertificateOperationsOptions,
  type CertificateVersion,
} from "./certificate-version.ts";
import { collectionRoute, objectOperation, ok } from "./collection-route.ts";
import { keyMaterialOf } from "./key-material.ts";
import { newestOf } from "./object-bundle.ts";
import { pendingOperations } from "./pending-certificate.ts";
import {
  assertObjectName,
  isJsonObject,
  readJsonObject,
  readRequiredString,
  readString,
} from "./request-body.ts";
import { createCharge, plainCharge, type OperationRoute } from "./vault-operation.ts";
import { queryValue } from "./wire.ts";

/** The operations of certificates (REST API 7.0 to 2025-07-01) on one vault, without issuer accounts and contacts. */
export function certificateRoute(options: CertificateOperationsOptions): OperationRoute {
  const { store, keys, secrets, clock } = options;
  const { create, getPending, cancelPending, deletePending, merge } = pendingOperations(options);
  const nowSeconds = () => Math.floor(clock.wallMs() / 1000);

  const importCertificate = objectOperation(
    "CertificateImport",
    createCharge,
    ({ request, baseUrl }, name) => {
      assertObjectName(name);
      const body = readJsonObject(request.body);
      const value = readRequiredString(body, "value");
      const password = readString(body, "pwd") ?? "";
      const version = importCertificateFile(options, name, {
        value,
        password,
        policy: body["policy"],
        ...readGiven(body),
      });
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

/** Lists leave out certificates that wait for their first merge, unless they are asked for. */
function isListed(version: CertificateVersion, query: string): boolean {
  return version.cer !== undefined || queryValue(query, "includepending")?.toLowerCase() === "true";
}

/** What import-certificate takes: PEM, or base64 of a PKCS#12 file with its password. */
export interface CertificateFile extends GivenCertificate {
  readonly value: string;
  readonly password: string;
  /** As in the REST API; what the file says itself wins. */
  readonly policy?: unknown;
}

/** Adds the certificate of a file as the newest version of a name, with its key and its secret. */
export function importCertificateFile(
  options: CertificateOperationsOptions,
  name: string,
  { value, password, policy: given = {}, ...rest }: CertificateFile,
): CertificateVersion {
  assertNameIsFree(options, name);
  const { form, content } = readCertificateFile(value, password);
  const { privateKey, certificates } = content;
  const { sizeBits, curve, keyType } = keyMaterialOf(privateKey);
  const givenPolicy = isJsonObject(given) ? given : {};
  const keyProperties = isJsonObject(givenPolicy["key_props"]) ? givenPolicy["key_props"] : {};
  const subject = certificates[0]!.subject.replaceAll("\n", ", ");
  const policy = readPolicy(
    {
      ...givenPolicy,
      key_props: { exportable: true, ...keyProperties, kty: keyType, key_size: sizeBits, crv: curve },
      secret_props: givenPolicy["secret_props"] ?? { contentType: form },
      x509_props: { subject: subject === "" ? `CN=${name}` : subject },
      issuer: { name: "Unknown" },
    },
    undefined,
    Math.floor(options.clock.wallMs() / 1000),
  );
  return addCertificate(options, { name, privateKey, policy, given: rest }, certificates);
}
