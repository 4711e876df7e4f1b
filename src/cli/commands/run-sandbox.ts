import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createKubeClient } from "../../kube/client.ts";
import { handlerTransport } from "../../kube/handler-transport.ts";
import { startSandbox } from "../../sandbox/server.ts";
import type { CliContext } from "../context.ts";
import { writeUserFile } from "../files.ts";
import { announceReady, untilStopped } from "../long-running.ts";
import { createAll, keyweirManifests } from "../manifests.ts";
import { styleFor } from "../terminal.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import type { SandboxFlags } from "./sandbox.ts";

/** `keyweir sandbox`: starts it, says where its kubeconfig is, and waits for the signal. */
export async function runSandbox(this: CliContext, flags: SandboxFlags): Promise<void> {
  const { clock, random, signal } = this;
  using folder = flags.kubeconfig === undefined ? createTemporaryFolder("keyweir-sandbox-") : undefined;
  const adminToken = randomBytes(24).toString("base64url");
  await using server = await startSandbox({ port: flags.port, clock, random, adminToken });
  if (flags.manifests) {
    const headers = { authorization: `Bearer ${adminToken}` };
    const transport = handlerTransport(server.sandbox.handler, { headers });
    await createAll(createKubeClient({ transport, clock, random }), keyweirManifests);
  }
  const kubeconfig = flags.kubeconfig ?? join(folder!.path, "kubeconfig");
  await writeUserFile(this, kubeconfig, server.kubeconfig, "--kubeconfig");
  const style = styleFor(this.isColor);
  announceReady(this, flags.output, { kubeconfig }, [
    `${style.strong("Kubernetes sandbox")} at ${server.url}, in memory; not for production`,
    "",
    `  export KUBECONFIG=${kubeconfig}`,
    "  kubectl get namespaces",
    "",
    style.quiet("Ctrl-C ends it."),
  ]);
  await untilStopped(signal);
}
