/** The provider that bench/provider.ts measures, as `keyweir provider` runs it, but for cache and budget. */
import { keepHeapSmall } from "../src/cli/small-heap.ts";
import { tellUsage } from "./pinned-process.ts";

export interface ProviderProcessOptions {
  readonly socketPath: string;
  readonly caPem: string;
  /** Of the emulator. */
  readonly port: number;
  readonly cacheTtlMs: number;
}

// Before anything else is loaded, as the command does.
keepHeapSmall();
const { systemClock } = await import("../src/core/clock.ts");
const { silentLogger } = await import("../src/core/log.ts");
const { systemRandom } = await import("../src/core/random.ts");
const { startProviderServer } = await import("../src/provider/server.ts");
const { createProviderService } = await import("../src/provider/service.ts");
const { customCloud } = await import("../src/vault/clouds.ts");
const { createVaultGateway } = await import("../src/vault/gateway.ts");
const { httpTransport } = await import("../src/vault/http-transport.ts");

const { socketPath, caPem, port, cacheTtlMs } = JSON.parse(process.argv[2]!) as ProviderProcessOptions;
const gateway = createVaultGateway({
  clock: systemClock,
  random: systemRandom(),
  transport: httpTransport({ caPem }),
  options: { budget: false, cacheTtlMs },
});
const service = createProviderService({
  clock: systemClock,
  random: systemRandom(),
  gateway,
  settings: {
    defaultCloud: customCloud({
      authorityUrl: `https://localhost:${port}`,
      vaultDnsSuffix: `vault.localhost:${port}`,
    }),
  },
});
await startProviderServer({ service, socketPath, logger: silentLogger });
process.stdout.write("ready\n");
tellUsage();
