/**
 * An application as people write it: it knows the real host names and nothing of the emulator. Arguments are the class
 * of its credential, the vault's name and the value that it writes; it prints what it found.
 */
import {
  ClientSecretCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const [kind = "", vault = "", value = ""] = process.argv.slice(2);
const client = new SecretClient(`https://${vault}.vault.azure.net`, credentialOf(kind));
try {
  await client.setSecret("db", value);
  const { value: found, properties } = await client.getSecret("db");
  process.stdout.write(JSON.stringify({ read: found === value, host: new URL(properties.id!).host }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }));
}

function credentialOf(name: string): TokenCredential {
  const { AZURE_TENANT_ID = "", AZURE_CLIENT_ID = "", AZURE_CLIENT_SECRET = "" } = process.env;
  switch (name) {
    case "secret":
      return new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET);
    case "managed":
      return new ManagedIdentityCredential();
    case "workload":
      return new WorkloadIdentityCredential();
    default:
      return new DefaultAzureCredential();
  }
}
