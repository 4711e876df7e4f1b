import { join } from "node:path";
import { startEmulator } from "../../emulator/server.ts";
import type { CliContext } from "../context.ts";
import { openJsonLinesFile } from "../json-lines-file.ts";
import { announceReady, untilStopped } from "../long-running.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import { alignColumns, styleFor } from "../terminal.ts";
import type { EmulatorFlags } from "./emulator.ts";

/** `keyweir emulator`: starts it, says how to reach it, and waits for the signal. */
export async function runEmulator(this: CliContext, flags: EmulatorFlags): Promise<void> {
  const { clock, random, signal } = this;
  const { stderr } = this.process;
  using folder = createTemporaryFolder("keyweir-emulator-");
  using auditLog =
    flags.auditLog === undefined
      ? undefined
      : openJsonLinesFile(flags.auditLog, "--audit-log", clock, (message) => stderr.write(`${message}\n`));
  await using server = await startEmulator({
    port: flags.port,
    vaults: flags.vaults,
    profile: flags.profile,
    window: flags.window,
    retryAfter: flags.retryAfter,
    count429: flags["count-429"],
    count401: flags["count-401"],
    clock,
    random,
    ...(auditLog === undefined ? {} : { onAuditRecord: (record) => auditLog.append(record) }),
  });
  const caFile = join(folder.path, "ca.pem");
  await this.writeFile(caFile, server.caPem);
  const vaults = Object.fromEntries(
    Object.entries(server.vaultUrls).map(([name, url]) => [name, url.origin]),
  );
  const authority = server.authorityUrl.origin;
  const { tenantId, clients } = server.emulator;
  const style = styleFor(this.isColor);
  announceReady(this, flags.output, { vaults, authority, tenantId, clients, caFile }, [
    `${style.strong("Key Vault emulator")}: ${flags.profile} limits, ${flags.window} window; not for production`,
    "",
    ...alignColumns([
      ...Object.values(vaults).map((url, index) => [index === 0 ? "  vaults" : "", url]),
      ["  authority", authority],
      ["  tenant", tenantId],
      ...clients.flatMap(({ clientId, clientSecret }) => [
        ["  client", clientId],
        ["  client secret", clientSecret],
      ]),
      ["  CA file", caFile],
    ]),
    "",
    style.quiet("Ctrl-C ends it and forgets every secret."),
  ]);
  await untilStopped(signal);
}
