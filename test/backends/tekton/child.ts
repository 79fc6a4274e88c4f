/** A process of its own for the tests of locks: `child.ts hold FILE`, `child.ts count FILE TIMES`, `child.ts put FILE FIRST LAST`. */

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTekton } from '../../../backends/tekton/backend.ts'
import { withLock } from '../../../src/platform/fs/lock-file.ts'
import { aboutOf, sampleEntry, sampleImage, sampleRun } from '../../conformance/samples.ts'

const [, , mode, file = '', ...rest] = process.argv
const { signal } = new AbortController()
const random = (size: number) => randomBytes(size)
const lock = { signal, timeoutMs: 60_000, now: Date.now, random }

if (mode === 'hold') {
  await withLock(`${file}.prov-lock`, lock, async () => {
    process.stdout.write('held\n')
    await sleep(600_000)
  })
} else if (mode === 'count') {
  for (let i = 0; i < Number(rest[0]); i++) {
    await withLock(`${file}.prov-lock`, lock, async () => {
      const count = Number(readFileSync(file, 'utf8'))
      await sleep(1)
      writeFileSync(file, String(count + 1))
    })
  }
} else if (mode === 'put') {
  const context = { setting: () => undefined, env: {}, now: Date.now, random, debug: () => {} }
  const backend = openTekton(context, { lockTimeoutMs: 60_000 })
  const image = sampleImage('registry.example/acme/app', 'app')
  for (let i = Number(rest[0]); i < Number(rest[1]); i++) {
    const run = { ...sampleRun(`build-${i}`, image, `uid-${i}`), source: { file, document: 0, item: i } }
    const [slot] = backend.slots(aboutOf('dsse', run, image))
    if (slot === undefined) throw new Error('no slot')
    const { outcome } = await backend.put(slot, sampleEntry('dsse', run, image, String(i)), { signal })
    process.stdout.write(`${i} ${outcome}\n`)
  }
}
