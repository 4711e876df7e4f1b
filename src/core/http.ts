/** A server as a function that needs no socket: the emulator and the sandbox within this process. */
export type HttpHandler = (request: Request) => Response | Promise<Response>;
