import { ClientSecretCredential } from "@azure/identity";
import { handlerHttpClient, type Emulator } from "../../src/emulator/index.ts";

/** What the official clients need to reach a vault of an in-process emulator: `new KeyClient(url, credential, options)`. */
export function sdkOf(emulator: Emulator, vault = "demo") {
  const httpClient = handlerHttpClient(emulator.handler);
  const { clientId, clientSecret } = emulator.clients[0]!;
  const credential = new ClientSecretCredential(emulator.tenantId, clientId, clientSecret, {
    authorityHost: emulator.authorityHost,
    disableInstanceDiscovery: true,
    httpClient,
  });
  return {
    url: `https://${vault}.vault.localhost`,
    credential,
    options: { httpClient, retryOptions: { maxRetries: 0 } },
  };
}

/** The names in a list of the official clients, in order. */
export async function namesIn(properties: AsyncIterable<{ readonly name?: string }>): Promise<string[]> {
  const list: string[] = [];
  for await (const each of properties) list.push(each.name ?? "");
  return list;
}
