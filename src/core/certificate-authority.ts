// @peculiar/x509 does not load without it.
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
} from "@peculiar/x509";

/** A throw-away certificate authority for servers on this machine. Its key lives in memory only. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  /** A serving (and client) certificate for these names, valid for 30 days, chained to the authority. */
  issue(subject: CertificateSubject): Promise<IssuedCertificate>;
}

export interface CertificateSubject {
  readonly commonName: string;
  /** The groups of a Kubernetes client certificate. */
  readonly organization?: string;
  /** Wildcards allowed: `*.vault.localhost`. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly keyPem: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

/** Makes a new P-256 authority. `nowMs` is wall time; certificates are valid from a day before it. */
export async function createCertificateAuthority(
  commonName: string,
  nowMs: number,
): Promise<CertificateAuthority> {
  const notBefore = new Date(nowMs - dayMs);
  const notAfter = new Date(nowMs + 30 * dayMs);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    certificatePem: certificate.toString("pem"),
    async issue(subject) {
      const subjectKeys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const names: JsonGeneralName[] = [
        ...(subject.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
        ...(subject.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
      ];
      const issued = await X509CertificateGenerator.create({
        subject: [
          ...(subject.organization === undefined ? [] : [{ O: [subject.organization] }]),
          { CN: [subject.commonName] },
        ],
        issuer: certificate.subject,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        notBefore,
        notAfter,
        signingAlgorithm: algorithm,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
        ],
      });
      const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", subjectKeys.privateKey));
      return {
        certificatePem: `${issued.toString("pem")}\n${certificate.toString("pem")}\n`,
        keyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString("base64").replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
