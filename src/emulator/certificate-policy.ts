import { isJsonObject, type JsonObject } from "./request-body.ts";
import { badParameter } from "./service-error.ts";
import type { CertificateContent } from "./x509-writer.ts";

/** A certificate policy, complete. The names of members are those of the REST API; it is plain data. */
export interface CertificatePolicy {
  readonly key_props: {
    readonly exportable: boolean;
    readonly kty: unknown;
    readonly key_size?: unknown;
    readonly crv?: unknown;
    readonly reuse_key: boolean;
  };
  readonly secret_props: { readonly contentType: SecretForm };
  readonly x509_props: JsonObject;
  readonly lifetime_actions: readonly unknown[];
  /** `Self`, `Unknown` (signed elsewhere, merged here), or a name that the emulator's own authority stands for. */
  readonly issuer: { readonly name: string };
  readonly attributes: { readonly enabled: boolean; readonly created: number; readonly updated: number };
}

/** The forms in which the secret of a certificate is kept. */
export type SecretForm = "application/x-pkcs12" | "application/x-pem-file";

const defaultLifetimeActions = [
  { trigger: { lifetime_percentage: 80 }, action: { action_type: "AutoRenew" } },
];
const serverAndClientAuth = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
const defaultKeyUsage = ["digitalSignature", "keyEncipherment"];

/** Completes what a caller gave with what `before` says, and with the service's defaults. */
export function readPolicy(
  given: unknown,
  before: CertificatePolicy | undefined,
  seconds: number,
): CertificatePolicy {
  if (given !== undefined && given !== null && !isJsonObject(given)) {
    throw badParameter("Property policy has invalid value: it is not an object.");
  }
  const key = member(given, "key_props");
  const kty = key["kty"] ?? before?.key_props.kty ?? "RSA";
  const isRsa = typeof kty === "string" && kty.startsWith("RSA");
  const size = isRsa ? { key_size: key["key_size"] ?? before?.key_props.key_size ?? 2048 } : {};
  const curve = isRsa ? {} : { crv: key["crv"] ?? before?.key_props.crv ?? "P-256" };
  const actions = given?.["lifetime_actions"];
  const issuerName = member(given, "issuer")["name"] ?? before?.issuer.name ?? "Self";
  if (typeof issuerName !== "string")
    throw badParameter("Property issuer.name has invalid value: it is not a string.");
  return {
    key_props: {
      exportable: (key["exportable"] ?? before?.key_props.exportable ?? true) === true,
      kty,
      ...size,
      ...curve,
      reuse_key: (key["reuse_key"] ?? before?.key_props.reuse_key ?? false) === true,
    },
    secret_props: {
      contentType: readForm(member(given, "secret_props")["contentType"] ?? before?.secret_props.contentType),
    },
    x509_props: readX509(member(given, "x509_props"), before?.x509_props),
    lifetime_actions: Array.isArray(actions) ? actions : (before?.lifetime_actions ?? defaultLifetimeActions),
    issuer: { name: issuerName },
    attributes: { enabled: true, created: before?.attributes.created ?? seconds, updated: seconds },
  };
}

/** What a certificate of this policy says. */
export function contentOf({ x509_props: x509 }: CertificatePolicy): CertificateContent {
  const names = member(x509, "sans");
  return {
    subject: String(x509["subject"]),
    dnsNames: strings(names["dns_names"]),
    emails: strings(names["emails"]),
    keyUsage: strings(x509["key_usage"]),
    extendedKeyUsage: strings(x509["ekus"]),
  };
}

/** The months for which a certificate of this policy is valid. */
export function validityMonthsOf({ x509_props: x509 }: CertificatePolicy): number {
  return Number(x509["validity_months"]);
}

function readX509(given: JsonObject, before: JsonObject | undefined): JsonObject {
  const x509: JsonObject = {
    ekus: serverAndClientAuth,
    key_usage: defaultKeyUsage,
    validity_months: 12,
    basic_constraints: { ca: false },
    ...before,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  };
  const names = member(x509, "sans");
  const hasName = strings(names["dns_names"]).length + strings(names["emails"]).length > 0;
  const subject =
    x509["subject"] ?? (hasName ? `CN=${strings(names["dns_names"])[0] ?? "certificate"}` : undefined);
  if (typeof subject !== "string" || subject === "") {
    throw badParameter("Property x509_props.subject has invalid value: it is missing.");
  }
  const months = x509["validity_months"];
  if (!Number.isInteger(months) || (months as number) < 1 || (months as number) > 1200) {
    throw badParameter(
      "Property x509_props.validity_months has invalid value: it is not a number from 1 to 1200.",
    );
  }
  if (strings(x509["ekus"]).some((oid) => !/^[0-2](\.\d{1,12}){1,20}$/.test(oid))) {
    throw badParameter("Property x509_props.ekus has invalid value: it is not a list of object identifiers.");
  }
  return { ...x509, subject };
}

function readForm(value: unknown): SecretForm {
  if (value === undefined || value === null || value === "application/x-pkcs12")
    return "application/x-pkcs12";
  if (value === "application/x-pem-file") return value;
  throw badParameter(
    "Property secret_props.contentType has invalid value: it is not application/x-pkcs12 or application/x-pem-file.",
  );
}

function member(object: JsonObject | null | undefined, name: string): JsonObject {
  const value = object?.[name];
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw badParameter(`Property ${name} has invalid value: it is not an object.`);
  return value;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
