import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Random } from "../core/random.ts";
import { startProviderServer } from "../provider/server.ts";
import { createProviderService } from "../provider/service.ts";
import type { Cloud } from "../vault/clouds.ts";
import { createVaultGateway } from "../vault/gateway.ts";
import { httpTransport } from "../vault/http-transport.ts";
import { packageVersion } from "./version.ts";

export interface ProviderStackOptions {
  readonly socketPath: string;
  /** The cloud of classes that name none. */
  readonly cloud: Cloud;
  /** Trusted besides the system's authorities. */
  readonly caPem?: string;
  /** Requests to one vault per 10 s; a tenth of its limit when absent. */
  readonly vaultBudget?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The provider with its way to the vaults behind it, on a unix socket. Throws a UserError when the socket is taken. */
export async function startProviderStack(options: ProviderStackOptions): Promise<AsyncDisposable> {
  const { clock, random, logger, caPem, vaultBudget } = options;
  const transport = httpTransport(caPem === undefined ? {} : { caPem });
  const gateway = createVaultGateway({
    clock,
    random: random.fork("vault"),
    transport,
    logger,
    options: vaultBudget === undefined ? {} : { budget: { requests: vaultBudget, windowMs: 10_000 } },
  });
  const service = createProviderService({
    clock,
    random: random.fork("provider"),
    gateway,
    logger,
    settings: { defaultCloud: options.cloud },
  });
  try {
    const { socketPath } = options;
    const server = await startProviderServer({
      service,
      socketPath,
      logger,
      clock,
      version: packageVersion(),
    });
    return {
      async [Symbol.asyncDispose]() {
        await server.close();
        await transport[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw error;
  }
}
