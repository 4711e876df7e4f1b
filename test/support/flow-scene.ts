import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator, type EmulatorServer } from "../../src/emulator/index.ts";
import { canaryValue, expectNoCanary } from "./canary.ts";

/** An emulator over TLS with a vault for each flow, for SDKs in processes of their own. */
export interface FlowScene extends AsyncDisposable {
  readonly server: EmulatorServer;
  readonly caFile: string;
  /** What a flow's program is told: vault, authority, tenant, client and its secret, and the planted value. */
  argumentsFor(vault: string): readonly string[];
}

/** Starts it; when it ends, nothing planted may have got into its audit log. */
export async function startFlowScene(vaults: readonly string[]): Promise<FlowScene> {
  const auditLines: string[] = [];
  const server = await startEmulator({
    vaults,
    onAuditRecord: (record) => auditLines.push(JSON.stringify(record)),
  });
  const folder = mkdtempSync(join(tmpdir(), "keyweir-flows-"));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, server.caPem);
  const { tenantId, clients } = server.emulator;
  const { clientId, clientSecret } = clients[0]!;
  const authority = server.authorityUrl.href;
  return {
    server,
    caFile,
    argumentsFor: (vault) => [
      server.vaultUrls[vault]!.href,
      authority,
      tenantId,
      clientId,
      clientSecret,
      canaryValue,
    ],
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(folder, { recursive: true });
      expectNoCanary(auditLines.join("\n"));
    },
  };
}
