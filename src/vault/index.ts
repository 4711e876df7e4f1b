/**
 * Live access to Azure Key Vault for Node applications: cached, paced within a budget, with one closed set of errors.
 * It never retries behind your back faster than the vault can bear, and keeps values in memory only.
 */
export type { SecretBundle } from "./bundles.ts";
export {
  createVaultClient,
  type SecretOptions,
  type VaultClient,
  type VaultClientOptions,
} from "./client.ts";
export { azurePublicCloud, cloudByName, customCloud, type Cloud } from "./clouds.ts";
export { errorClasses, vaultErrorCodes, type ErrorClass, type VaultErrorCode } from "./error-classes.ts";
export { VaultError } from "./errors.ts";
export { httpTransport, type HttpTransport, type HttpTransportOptions } from "./http-transport.ts";
export { handlerTransport, type VaultTransport } from "./transport.ts";
