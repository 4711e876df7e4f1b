import { connect } from "node:net";
import { resolve } from "node:path";
import { UserError } from "../../core/errors.ts";
import { listen } from "../../core/listen.ts";
import { azurePublicCloud, type Cloud, customCloud } from "../../vault/clouds.ts";
import type { CliContext } from "../context.ts";
import { readUserFile } from "../files.ts";
import { announceReady, stderrLogger, untilStopped } from "../long-running.ts";
import { probeListener } from "../probes.ts";
import { startProviderStack } from "../provider-stack.ts";
import { styleFor } from "../terminal.ts";
import type { ProviderFlags } from "./provider.ts";

/** `keyweir provider`: serves the socket until the signal. */
export async function runProvider(this: CliContext, flags: ProviderFlags): Promise<void> {
  const { clock, random, signal } = this;
  const socket = resolve(flags.socket);
  const caPem = flags.caFile === undefined ? undefined : await readCaFile(this, flags.caFile);
  await using _provider = await startProviderStack({
    socketPath: socket,
    cloud: cloudOf(flags),
    vaultBudget: flags.vaultBudget,
    ...(caPem === undefined ? {} : { caPem }),
    clock,
    random,
    logger: stderrLogger(this, flags.logLevel),
  });
  const isReady = () => accepts(socket);
  await using health =
    flags.healthzPort === undefined
      ? undefined
      : await listen(probeListener({ isReady }), {
          host: flags.bindAddress,
          port: flags.healthzPort,
          name: "--healthz-port",
        });
  const fields = { socket, ...(health === undefined ? {} : { healthzPort: health.port }) };
  announceReady(this, flags.output, fields, [
    `${styleFor(this.isColor).strong("Provider")} serves unix://${socket}`,
    ...(health === undefined ? [] : [`Health at http://${flags.bindAddress}:${health.port}/readyz`]),
  ]);
  await untilStopped(signal);
}

function cloudOf({ authority, vaultSuffix }: ProviderFlags): Cloud {
  if (authority === undefined && vaultSuffix === undefined) return azurePublicCloud;
  return customCloud({
    name: "custom",
    authorityUrl: authority ?? azurePublicCloud.authorityUrl,
    vaultDnsSuffix: vaultSuffix ?? azurePublicCloud.vaultDnsSuffix,
    ...(vaultSuffix === undefined ? { vaultResource: azurePublicCloud.vaultResource } : {}),
  });
}

async function readCaFile(context: CliContext, path: string): Promise<string> {
  const pem = await readUserFile(context, path, "--ca-file");
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new UserError(
    `--ca-file: ${path} has no certificate in it.`,
    "Give a PEM file; it begins with -----BEGIN CERTIFICATE-----.",
  );
}

/** Whether somebody answers at the socket: it may have been removed under a process that runs on. */
function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
