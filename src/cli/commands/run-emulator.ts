import { join } from "node:path";
import { type EmulatorServerOptions, startEmulator } from "../../emulator/server.ts";
import type { CliContext } from "../context.ts";
import { readFederation } from "../federation-file.ts";
import { openJsonLinesFile } from "../json-lines-file.ts";
import { announceReady, untilStopped } from "../long-running.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import { styleFor } from "../terminal.ts";
import type { EmulatorFlags } from "./emulator.ts";
import { readyFields, readyLines } from "./emulator-screen.ts";

/** `keyweir emulator`: starts it, says how to reach it, and waits for the signal. */
export async function runEmulator(this: CliContext, flags: EmulatorFlags): Promise<void> {
  const { clock, signal } = this;
  const { stderr } = this.process;
  const options = await serverOptions(this, flags);
  using folder = createTemporaryFolder("keyweir-emulator-");
  using auditLog =
    flags.auditLog === undefined
      ? undefined
      : openJsonLinesFile(flags.auditLog, "--audit-log", clock, (message) => stderr.write(`${message}\n`));
  await using server = await startEmulator({
    ...options,
    ...(auditLog === undefined ? {} : { onAuditRecord: (record) => auditLog.append(record) }),
  });
  const caFile = join(folder.path, "ca.pem");
  await this.writeFile(caFile, server.caPem);
  const lines = readyLines(server, caFile, flags, styleFor(this.isColor));
  announceReady(this, flags.output, readyFields(server, caFile), lines);
  await untilStopped(signal);
}

async function serverOptions(context: CliContext, flags: EmulatorFlags): Promise<EmulatorServerOptions> {
  const { port, vaults, profile, window, retryAfter, capturePort, imdsPort, federation } = flags;
  return {
    port,
    vaults,
    profile,
    window,
    retryAfter,
    count429: flags["count-429"],
    count401: flags["count-401"],
    clock: context.clock,
    random: context.random,
    ...(capturePort === undefined ? {} : { capturePort }),
    ...(imdsPort === undefined ? {} : { imdsPort }),
    ...(federation === undefined ? {} : await readFederation(context, federation)),
  };
}
