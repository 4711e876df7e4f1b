import { createPublicKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { contentOf, validityMonthsOf, type CertificatePolicy } from "./certificate-policy.ts";
import { hex32 } from "./random-id.ts";
import { writeCertificate, writeCertificateRequest, type CertificateIssuer } from "./x509-writer.ts";

/** Issues certificates: self-signed ones, and those of an authority whose key lives in memory only. */
export interface CertificateIssuing {
  /** A certificate for the key and those that lead to its root. `Self` is signed by the key itself. */
  issue(policy: CertificatePolicy, privateKey: KeyObject): readonly X509Certificate[];
  /** A PKCS#10 request for the key, in DER. */
  request(policy: CertificatePolicy, privateKey: KeyObject): Buffer;
}

const dayMs = 86_400_000;
const authoritySubject = "CN=Keyweir emulator certificate authority";

/** An issuer whose authority is made when it is first asked for. */
export function createCertificateIssuing(clock: Clock, random: Random): CertificateIssuing {
  let authority: (CertificateIssuer & { readonly certificate: X509Certificate }) | undefined;
  const serial = () => `4${hex32(random).slice(1)}`;

  const makeAuthority = () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const issuer = { subject: authoritySubject, privateKey };
    const content = {
      subject: authoritySubject,
      dnsNames: [],
      emails: [],
      keyUsage: ["keyCertSign", "cRLSign"],
      extendedKeyUsage: [],
      isAuthority: true,
    };
    const fromMs = clock.wallMs() - dayMs;
    const validity = { serial: serial(), fromMs, untilMs: fromMs + 3650 * dayMs };
    return {
      ...issuer,
      certificate: new X509Certificate(writeCertificate(content, publicKey, issuer, validity)),
    };
  };

  return {
    issue(policy, privateKey) {
      const content = contentOf(policy);
      const fromMs = clock.wallMs() - 600_000;
      const end = new Date(fromMs);
      end.setUTCMonth(end.getUTCMonth() + validityMonthsOf(policy));
      const validity = { serial: serial(), fromMs, untilMs: end.getTime() };
      const publicKey = createPublicKey(privateKey);
      if (policy.issuer.name.toLowerCase() === "self") {
        const issuer = { subject: content.subject, privateKey };
        return [new X509Certificate(writeCertificate(content, publicKey, issuer, validity))];
      }
      authority ??= makeAuthority();
      return [
        new X509Certificate(writeCertificate(content, publicKey, authority, validity)),
        authority.certificate,
      ];
    },
    request: (policy, privateKey) =>
      writeCertificateRequest(contentOf(policy), createPublicKey(privateKey), privateKey),
  };
}
