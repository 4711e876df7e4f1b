import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/** More certificates than any real chain has are left in their order. */
const longestChain = 30;

/**
 * Certificates (DER) ordered leaf → root, without repetitions. The leaf is the certificate of `key` (PKCS#8), else one
 * that issued no other. Of several issuers the one with the longest way up is taken; what is not on the way keeps its
 * order at the end, so an incomplete or cross-signed chain loses nothing. Never throws.
 */
export function orderChain(certificates: readonly Buffer[], key: Buffer | undefined): readonly Buffer[] {
  const distinct = certificates.filter(
    (certificate, index) => certificates.findIndex((other) => other.equals(certificate)) === index,
  );
  if (distinct.length < 2 || distinct.length > longestChain) return distinct;
  const nodes = parseAll(distinct);
  if (nodes === undefined) return distinct;
  for (const node of nodes) node.issuers = issuersOf(node, nodes);
  const chain: Node[] = [];
  for (let next: Node | undefined = findLeaf(nodes, key); next !== undefined;) {
    chain.push(next);
    next = next.issuers
      .filter((issuer) => !chain.includes(issuer))
      .reduce<Node | undefined>(
        (best, issuer) => (best === undefined || heightOf(issuer) > heightOf(best) ? issuer : best),
        undefined,
      );
  }
  return [...chain, ...nodes.filter((node) => !chain.includes(node))].map((node) => node.der);
}

interface Node {
  readonly der: Buffer;
  readonly certificate: X509Certificate;
  issuers: readonly Node[];
  /** How many certificates are on the longest way up from here, itself included; 0 while it is being counted. */
  height: number | undefined;
}

function parseAll(certificates: readonly Buffer[]): readonly Node[] | undefined {
  try {
    return certificates.map((der) => ({
      der,
      certificate: new X509Certificate(der),
      issuers: [],
      height: undefined,
    }));
  } catch {
    return undefined;
  }
}

/** Names and key identifiers decide (RFC 5280 §6.1); the signature only where they leave a choice. */
function issuersOf(node: Node, nodes: readonly Node[]): readonly Node[] {
  if (node.certificate.checkIssued(node.certificate)) return [];
  const named = nodes.filter((other) => other !== node && node.certificate.checkIssued(other.certificate));
  if (named.length < 2) return named;
  const verified = named.filter((other) => isSignedBy(node.certificate, other.certificate));
  return verified.length > 0 ? verified : named;
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function findLeaf(nodes: readonly Node[], key: Buffer | undefined): Node | undefined {
  const keyObject = key === undefined ? undefined : privateKeyOf(key);
  const owned = keyObject && nodes.find((node) => isKeyOf(keyObject, node.certificate));
  const issued = new Set(nodes.flatMap((node) => node.issuers));
  return owned ?? nodes.find((node) => !issued.has(node)) ?? nodes[0];
}

function privateKeyOf(key: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } catch {
    return undefined;
  }
}

function isKeyOf(key: KeyObject, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return false;
  }
}

function heightOf(node: Node): number {
  if (node.height === undefined) {
    // Cross-signed certificates can issue each other: a way through itself counts nothing.
    node.height = 0;
    node.height = 1 + Math.max(0, ...node.issuers.map(heightOf));
  }
  return node.height;
}
