import { BinaryReader } from "@bufbuild/protobuf/wire";
import { status, type handleUnaryCall, type ServiceDefinition } from "@grpc/grpc-js";

/** What `grpc.health.v1.Health/Check` is asked about: a service's full name, empty for the server as a whole. */
export interface HealthRequest {
  readonly service: string;
}

/** The `Check` call of grpc.health.v1 (health.proto); `List` and `Watch` are not implemented, as upstream. */
export const healthService = {
  check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: ({ service }: HealthRequest) =>
      service === "" ? Buffer.alloc(0) : Buffer.from([0x0a, service.length, ...Buffer.from(service)]),
    requestDeserialize: readRequest,
    responseSerialize: (value: HealthResponse) => Buffer.from([0x08, value.status]),
    responseDeserialize: (bytes: Buffer): HealthResponse => ({ status: bytes[1] ?? 0 }),
  },
} as const satisfies ServiceDefinition;

/** `status` is 1 while SERVING. */
export interface HealthResponse {
  readonly status: number;
}

const serving = 1;

/** Answers SERVING for the server and for `serviceNames`, NOT_FOUND for others. */
export function answerHealth(
  serviceNames: readonly string[],
): handleUnaryCall<HealthRequest, HealthResponse> {
  return (call, callback) => {
    const { service } = call.request;
    if (service === "" || serviceNames.includes(service)) callback(null, { status: serving });
    else callback({ code: status.NOT_FOUND, details: "unknown service" });
  };
}

function readRequest(bytes: Buffer): HealthRequest {
  const reader = new BinaryReader(bytes);
  let service = "";
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) service = reader.string();
    else reader.skip(wireType);
  }
  return { service };
}
