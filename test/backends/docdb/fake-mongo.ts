/** A server that speaks MongoDB's wire protocol and answers every command but the greeting with one error. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { BSON } from 'mongodb'

export interface FakeMongo {
  readonly url: string
  close(): Promise<void>
}

const OP_MSG = 2013
const OP_QUERY = 2004
const OP_REPLY = 1
const GREETINGS = ['hello', 'ismaster', 'isMaster']

/** @example await startFakeMongo({ code: 13, codeName: 'Unauthorized', errmsg: 'not authorized' }) */
export async function startFakeMongo(error: Readonly<Record<string, unknown>>): Promise<FakeMongo> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= pending.readInt32LE(0)) {
        const message = pending.subarray(0, pending.readInt32LE(0))
        pending = pending.subarray(message.length)
        socket.write(answer(message, error))
      }
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/?retryReads=false&retryWrites=false`,
    async close() {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol */
function answer(message: Buffer, error: Readonly<Record<string, unknown>>): Buffer {
  const request = message.readInt32LE(4)
  const code = message.readInt32LE(12)
  if (code === OP_QUERY) {
    const head = Buffer.alloc(20)
    head.writeInt32LE(1, 16)
    return framed(request, OP_REPLY, Buffer.concat([head, BSON.serialize(greeting())]))
  }
  const command = BSON.deserialize(message.subarray(21))
  const said = GREETINGS.some((name) => name in command) ? greeting() : { ok: 0, ...error }
  return framed(request, OP_MSG, Buffer.concat([Buffer.alloc(5), BSON.serialize(said)]))
}

function greeting() {
  return {
    ok: 1,
    helloOk: true,
    isWritablePrimary: true,
    ismaster: true,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    minWireVersion: 0,
    maxWireVersion: 21,
    localTime: new Date(0),
  }
}

function framed(responseTo: number, code: number, body: Buffer): Buffer {
  const head = Buffer.alloc(16)
  head.writeInt32LE(16 + body.length, 0)
  head.writeInt32LE(1, 4)
  head.writeInt32LE(responseTo, 8)
  head.writeInt32LE(code, 12)
  return Buffer.concat([head, body])
}
