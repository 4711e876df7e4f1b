import { createPublicKey, type JsonWebKey } from "node:crypto";
import { z } from "zod";
import { UserError } from "../core/errors.ts";
import type { JsonWebKeySet } from "../emulator/index.ts";

const bounds = { characters: 262_144, keys: 100 } as const;
const hint = "kubectl get --raw /openid/v1/jwks prints that of a cluster.";

const keySetSchema = z.object({
  keys: z
    .array(z.looseObject({ kty: z.string(), kid: z.string().optional() }))
    .min(1)
    .max(bounds.keys),
});

/**
 * Reads a JSON Web Key Set as OpenID providers publish it. Throws a {@link UserError} that names the file and the key and
 * quotes nothing; a private key is refused.
 */
export function parseKeySet(text: string, path: string): JsonWebKeySet {
  const parsed = keySetSchema.safeParse(parseJson(text.length > bounds.characters ? "" : text));
  if (!parsed.success) {
    throw new UserError(`${path} is no key set: JSON with a list of keys.`, hint);
  }
  const index = parsed.data.keys.findIndex((key) => !isPublicKey(key));
  if (index >= 0) throw new UserError(`${path}: keys[${index}] is no public RSA or EC key.`, hint);
  return { keys: parsed.data.keys as JsonWebKeySet["keys"] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPublicKey(key: JsonWebKey): boolean {
  try {
    const { asymmetricKeyType } = createPublicKey({ key, format: "jwk" });
    return key.d === undefined && (asymmetricKeyType === "rsa" || asymmetricKeyType === "ec");
  } catch {
    return false;
  }
}
