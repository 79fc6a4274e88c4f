/** A TCP proxy on loopback that passes bytes on, refuses connections, or takes them and says nothing. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type TcpMode = 'pass' | 'cut' | 'hang'

export interface TcpProxy {
  /** HOST:PORT. */
  readonly endpoint: string
  /** Ends the connections there are; the next are treated so. */
  use(mode: TcpMode): void
  close(): Promise<void>
}

/** @example const proxy = await startTcpProxy('127.0.0.1:27017'); proxy.use('hang') */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':')
  const sockets = new Set<Socket>()
  let mode: TcpMode = 'pass'
  const kept = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    return socket
  }
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((socket) => {
    kept(socket)
    if (mode === 'cut') socket.destroy()
    if (mode !== 'pass') return
    const onward = kept(connect(Number(port), host))
    socket.pipe(onward).pipe(socket)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    use(next) {
      mode = next
      cutAll()
    },
    async close() {
      const closed = new Promise((done) => server.close(done))
      cutAll()
      await closed
    },
  }
}
