/** The log: one line of JSON an event, and no secret in it. */
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { openLog } from '../../src/service/log.ts'

async function logged(tell: (log: Awaited<ReturnType<typeof openLog>>) => void, level: 'info' | 'debug' = 'info') {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  tell(await openLog({ stream, level, now: () => 0 }))
  return text
}

test('a line has a time, a level, an event and its facts', async () => {
  const text = await logged((log) => {
    log.debug('not seen')
    log.info('listening', { address: '127.0.0.1:1', tls: false })
  })
  expect(text).toBe(
    '{"level":"info","time":"1970-01-01T00:00:00.000Z","address":"127.0.0.1:1","tls":false,"event":"listening"}\n',
  )
})

test('what is named as a secret does not come into it, and nothing ends a line or a terminal', async () => {
  const text = await logged((log) =>
    log.warn('odd', { authorization: 'Bearer x1', token: 'x2', message: 'a\n\u009b2J' }),
  )
  expect(text).not.toMatch(/x1|x2|\u009b/)
  expect(text.split('\n')).toHaveLength(2)
  expect(JSON.parse(text)).toMatchObject({ token: '[redacted]', message: 'a\n\u009b2J' })
})

test('a reader that does not read costs no memory, and is told what it missed', async () => {
  let text = ''
  let release: (() => void) | undefined
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      if (release === undefined) release = done
      else done()
    },
  })
  const log = await openLog({ stream, level: 'info', now: () => 0 })
  for (let i = 0; i < 3000; i++) log.info('verdict', { image: 'a'.repeat(1000) })
  expect(stream.writableLength).toBeLessThan(1.1 * 1024 * 1024)
  release?.()
  while (stream.writableLength > 0) await new Promise((done) => setTimeout(done, 1))
  log.info('again')
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; lines?: number })
  expect(lines.at(-1)?.event).toBe('again')
  const lost = lines.find(({ event }) => event === 'log_lost')?.lines ?? 0
  expect(lines.filter(({ event }) => event === 'verdict').length + lost).toBe(3000)
  expect(lost).toBeGreaterThan(1000)
})
