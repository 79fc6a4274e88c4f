/** A gRPC server that answers every call of Firestore's that prov makes with one error. */
import { grpc } from 'google-gax'

export interface FakeFirestore {
  /** HOST:PORT. */
  readonly endpoint: string
  close(): Promise<void>
}

const bytes = {
  requestSerialize: Buffer.from,
  requestDeserialize: Buffer.from,
  responseSerialize: Buffer.from,
  responseDeserialize: Buffer.from,
}
const call = (name: string, responseStream: boolean) => ({
  path: `/google.firestore.v1.Firestore/${name}`,
  requestStream: false,
  responseStream,
  ...bytes,
})

/** @example await startFakeFirestore(grpc.status.PERMISSION_DENIED) */
export async function startFakeFirestore(code: grpc.status): Promise<FakeFirestore> {
  const server = new grpc.Server()
  const error = { code, details: 'made up', metadata: new grpc.Metadata() }
  server.addService(
    {
      Commit: call('Commit', false),
      BatchGetDocuments: call('BatchGetDocuments', true),
      RunQuery: call('RunQuery', true),
    },
    {
      Commit: (_: unknown, answer: (e: object) => void) => answer(error),
      BatchGetDocuments: (stream: { emit(event: string, e: object): void }) => stream.emit('error', error),
      RunQuery: (stream: { emit(event: string, e: object): void }) => stream.emit('error', error),
    },
  )
  const port = await new Promise<number>((bound, failed) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (e, p) => (e ? failed(e) : bound(p)))
  })
  return { endpoint: `127.0.0.1:${port}`, close: async () => server.forceShutdown() }
}
