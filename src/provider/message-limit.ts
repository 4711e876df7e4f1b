/** The most bytes that a gRPC message may have in either direction: what stock clients accept by default. */
export const messageLimitBytes = 4 * 1024 * 1024;
