/**
 * A server as a function. The emulator and the sandbox are handlers: called directly they need no socket, behind
 * `listen` (core/listen.ts) they are real servers.
 */
export type HttpHandler = (request: Request) => Response | Promise<Response>;
