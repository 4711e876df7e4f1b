import type { Emulator } from "../../src/emulator/index.ts";

/** Sends requests to an emulator's handler as a client does that has its token already. */
export interface TokenHolder {
  /** `path` with its query; `api-version` is added when there is no query. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
}

/** A holder of a token for a vault, of the emulator's first client. */
export async function holdToken(emulator: Emulator, vault: string): Promise<TokenHolder> {
  const token = await fetchToken(emulator);
  return {
    async send(method, path, body, headers = {}) {
      const query = path.includes("?") ? "" : "?api-version=7.6";
      return emulator.handler(
        new Request(`https://${vault}.vault.localhost${path}${query}`, {
          method,
          headers: { authorization: `Bearer ${token}`, ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      );
    },
  };
}

/** Asks the token endpoint as a client with a secret does; `form` adds and replaces fields. */
export async function requestToken(
  emulator: Emulator,
  form: Readonly<Record<string, string>> = {},
  path = `/${emulator.tenantId}/oauth2/v2.0/token`,
): Promise<Response> {
  const { clientId, clientSecret } = emulator.clients[0]!;
  return emulator.handler(
    new Request(`${emulator.authorityHost}${path}`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        ...("client_assertion" in form ? {} : { client_secret: clientSecret }),
        scope: "https://vault.localhost/.default",
        ...form,
      }),
    }),
  );
}

async function fetchToken(emulator: Emulator): Promise<string> {
  const response = await requestToken(emulator);
  return ((await response.json()) as { readonly access_token: string }).access_token;
}
