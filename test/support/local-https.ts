import type { LookupOptions } from "node:dns";
import { request as httpsRequest, type RequestOptions } from "node:https";

export interface LocalRequest {
  /** PEM of the only authority that is trusted. */
  readonly ca: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One HTTPS request; every host name is looked up as this machine, since `*.localhost` does not resolve everywhere. */
export function request(
  url: string,
  { ca, method = "GET", headers = {}, body }: LocalRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const lookup = (_host: string, options: LookupOptions, done: (...found: unknown[]) => void) =>
    options.all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
  const options: RequestOptions = { ca, method, headers, agent: false, lookup: lookup as never };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
