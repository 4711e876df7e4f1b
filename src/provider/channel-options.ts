/** The most bytes that a gRPC message may have in either direction: what stock clients accept by default. */
export const messageLimitBytes = 4 * 1024 * 1024;

/** Book-keeping for a debugger that is never attached; it costs a tenth of a call. */
export const noChannelz = { "grpc.enable_channelz": 0 } as const;
