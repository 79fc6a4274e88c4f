/**
 * An HTTP proxy that passes one request at a time. DynamoDB checks a condition and writes in one step; moto does so in two, and under load
 * two of twenty writers got through. Behind this the clients still race, but moto does what the real service does.
 */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OneAtATime {
  readonly url: string
  close(): Promise<void>
}

/** @example const { url } = await oneAtATime('http://127.0.0.1:5610') */
export async function oneAtATime(target: string): Promise<OneAtATime> {
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((incoming, response) => {
    last = last.then(async () => {
      const { method = 'GET', headers, url } = incoming
      const done = new Promise((ended) => response.on('close', ended))
      const onward = request(`${target}${url}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      incoming.pipe(onward)
      await done
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
