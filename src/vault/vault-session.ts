import type { AccessToken, TokenCredential } from "@azure/core-auth";
import type { HttpClient, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline";
import { CertificateClient } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { assert } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { RefusedAnswer } from "./errors.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import { uuidFrom, type VaultToken } from "./token-exchange.ts";
import type { VaultTransport } from "./transport.ts";

/** The vault answered with a status other than success. */
export class RefusedAnswerError extends Error {
  override readonly name = "RefusedAnswerError";
  readonly answer: RefusedAnswer;
  constructor(answer: RefusedAnswer) {
    super(`status ${answer.status}`);
    this.answer = answer;
  }
}

/** There was no answer; `cause` is what the transport threw. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

export interface VaultSessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: VaultTransport;
  /** Precedes the SDK's own name in the User-Agent, so that the vault's audit log can tell clusters apart. */
  readonly userAgent: string;
  /** Called in place of sending; calls `send` when it may, with `request.abortSignal` and the token set. */
  readonly around?: (
    request: PipelineRequest,
    send: () => Promise<PipelineResponse>,
  ) => Promise<PipelineResponse>;
}

/**
 * The official clients of one identity at one vault. Their retries are off, and each request carries the token from
 * the first on, so the vault never has to challenge. The token goes to the vault's own origin and nowhere else.
 */
export class VaultSession {
  /** Set before each call. */
  token: VaultToken | undefined;
  readonly #vaultUrl: string;
  readonly #options: VaultSessionOptions;
  #secrets: SecretClient | undefined;
  #keys: KeyClient | undefined;
  #certificates: CertificateClient | undefined;

  constructor(vaultUrl: string, options: VaultSessionOptions) {
    this.#vaultUrl = vaultUrl;
    this.#options = options;
  }

  get secrets(): SecretClient {
    return (this.#secrets ??= new SecretClient(this.#vaultUrl, unusedCredential, this.#clientOptions()));
  }

  get keys(): KeyClient {
    return (this.#keys ??= new KeyClient(this.#vaultUrl, unusedCredential, this.#clientOptions()));
  }

  get certificates(): CertificateClient {
    return (this.#certificates ??= new CertificateClient(
      this.#vaultUrl,
      unusedCredential,
      this.#clientOptions(),
    ));
  }

  #clientOptions() {
    return {
      httpClient: this.#httpClient(),
      retryOptions: { maxRetries: 0 },
      userAgentOptions: { userAgentPrefix: this.#options.userAgent },
    };
  }

  #httpClient(): HttpClient {
    const { around } = this.#options;
    return {
      sendRequest: (request) =>
        around === undefined ? this.#send(request) : around(request, () => this.#send(request)),
    };
  }

  async #send(request: PipelineRequest): Promise<PipelineResponse> {
    const { clock, random, transport } = this.#options;
    assert(this.token !== undefined, "a session has its token before its first call");
    // The next link of a list and redirects name their own host.
    if (!isUnder(this.#vaultUrl, request.url)) throw new Error("an answer that leads elsewhere");
    request.headers.delete("accept-encoding");
    request.headers.set("authorization", `Bearer ${this.token.token}`);
    request.headers.set("x-ms-client-request-id", uuidFrom(random));
    let response: PipelineResponse;
    try {
      response = await transport.sendRequest(request);
    } catch (cause) {
      throw new NoAnswerError("no answer", { cause });
    }
    if (response.status >= 200 && response.status <= 299) return response;
    throw new RefusedAnswerError({
      status: response.status,
      bodyText: response.bodyAsText ?? "",
      retryAfterMs: retryAfterMsOf(response.headers, clock.wallMs()),
    });
  }
}

function isUnder(origin: string, url: string): boolean {
  // Links of lists write the default port out.
  return url.startsWith(`${origin}/`) || (URL.canParse(url) && new URL(url).origin === origin);
}

/** The SDK asks for a token only when it is challenged, and no challenge gets that far. */
const unusedCredential: TokenCredential = {
  getToken: (): Promise<AccessToken | null> => Promise.resolve(null),
};
