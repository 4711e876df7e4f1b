import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { KubeClient } from "../kube/client.ts";
import { isAlreadyExists, KubeError } from "../kube/kube-error.ts";
import type { Secret } from "../kube/objects.ts";
import { secrets } from "../kube/resources.ts";

const secretName = "keyweir-installation-key";

/**
 * The random key under which this installation hashes what it writes (`status.syncHash`). It is made once and kept in
 * a Secret of the controller's namespace; create and patch rights are enough for that. When it cannot be kept, a key
 * that lives as long as the process serves: then the first poll after a restart reports a change that was none. Rejects
 * when the API server gave no answer that would stay the same.
 */
export async function loadInstallationKey(
  kube: KubeClient,
  namespace: string,
  generateKey: () => Uint8Array,
  logger: Logger,
): Promise<Uint8Array> {
  const generated = generateKey();
  const ref = { namespace, name: secretName };
  try {
    await kube.create<Secret>(secrets, {
      metadata: ref,
      type: "Opaque",
      data: { key: Buffer.from(generated).toString("base64") },
    });
    return generated;
  } catch (error) {
    if (isAlreadyExists(error)) return readKey(kube, ref);
    if (!(error instanceof KubeError) || error.retryable) throw error;
    logger.warn("installation key cannot be kept", { namespace, error: messageOf(error) });
    return generated;
  }
}

/** An empty patch as a dry run answers with the object: the patch right is a right to read. */
async function readKey(
  kube: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
): Promise<Uint8Array> {
  const secret = await kube.mergePatch(secrets, ref, {}, { dryRun: true });
  const key = Buffer.from(secret.data?.["key"] ?? "", "base64");
  if (key.length >= 16) return key;
  throw new KubeError(
    `Secret ${ref.namespace}/${ref.name} holds no key. Delete it; the controller makes a new one.`,
    { code: "Invalid" },
  );
}
