/** A fastify that does nothing but answer the same bytes: what the service is measured beside. Its one argument is a file with them. */
import { readFileSync } from 'node:fs'
import { fastify } from 'fastify'

const [, , file = ''] = process.argv
const body = file === '' ? '{}' : readFileSync(file, 'utf8')
const app = fastify()
app.get('/v1/verify', (_, reply) => reply.header('content-type', 'application/json; charset=utf-8').send(body))
await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.on('SIGINT', () => process.exit())
console.log(JSON.stringify({ event: 'listening', address: `127.0.0.1:${port}` }))
