import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import type { SecretForm } from "./certificate-policy.ts";
import { leafFirst, readPkcs12, writePkcs12, type Pkcs12Content } from "./pkcs12.ts";
import { badParameter } from "./service-error.ts";

/** The value of a certificate's secret: base64 of a PKCS#12 file with an empty password, or PEM, key first. */
export function writeCertificateFile(form: SecretForm, content: Pkcs12Content): string {
  if (form === "application/x-pkcs12") return writePkcs12(content).toString("base64");
  const key = content.privateKey?.export({ format: "pem", type: "pkcs8" }) ?? "";
  return [key, ...content.certificates.map((each) => each.toString())].join("");
}

/** Reads what import-certificate takes: PEM, or base64 of a PKCS#12 file. Answers 400 for anything else. */
export function readCertificateFile(
  value: string,
  password: string,
): { readonly form: SecretForm; readonly content: Pkcs12Content & { readonly privateKey: KeyObject } } {
  const isPem = value.includes("-----BEGIN ");
  const content = isPem ? readPem(value) : readPkcs12(Buffer.from(value, "base64"), password);
  if (content === undefined) {
    throw badParameter(
      isPem
        ? "Property value has invalid value: the PEM text cannot be read. It holds a PKCS#8 private key and certificates."
        : "Property value has invalid value: it is not base64 of a PKCS#12 file, or Property pwd is not its password.",
    );
  }
  const { privateKey, certificates } = content;
  if (privateKey === undefined || certificates.length === 0) {
    throw badParameter("Property value has invalid value: it does not hold a private key and a certificate.");
  }
  if (!certificates[0]!.checkPrivateKey(privateKey)) {
    throw badParameter(
      "Property value has invalid value: none of its certificates belongs to its private key.",
    );
  }
  return {
    form: isPem ? "application/x-pem-file" : "application/x-pkcs12",
    content: { privateKey, certificates },
  };
}

function readPem(text: string): Pkcs12Content | undefined {
  try {
    const key = /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[^-]+-----END [A-Z ]+-----/.exec(text)?.[0];
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    const certificates = blocks.map((block) => new X509Certificate(block));
    const privateKey = key === undefined ? undefined : createPrivateKey(key);
    return { privateKey, certificates: leafFirst(privateKey, certificates) };
  } catch {
    return undefined;
  }
}
