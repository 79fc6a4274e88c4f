import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BIN, ROOT, run } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }

/** Runs the body of bin/prov.js with another version than the real one. */
async function startOn(version: string): Promise<{ code: number | null; stderr: string; imported: boolean }> {
  const source = readFileSync(BIN, 'utf8')
    .replace(/^#!.*/, '')
    .replace("import('../dist/cli.js')", "console.log('imported')")
  const script = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })\n${source}`
  const { code, stderr, stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    env: { XDG_CACHE_HOME: scratch() },
  })
  return { code, stderr, imported: stdout === 'imported\n' }
}

describe('bin/prov.js', () => {
  it.each(['22.22.2', '22.23.0', '24.15.0', '24.21.0', '26.0.0', '27.1.0', '26.0.0-nightly2026'])(
    'starts on %s',
    async (version) => {
      expect(await startOn(version)).toEqual({ code: 0, stderr: '', imported: true })
    },
  )

  it.each(['14.21.3', '18.20.8', '20.20.2', '22.22.1', '22.9.9', '23.11.0', '24.14.9', '25.9.0'])(
    'says no on %s',
    async (version) => {
      const stderr = `prov needs Node.js ${engines.node}, this is ${version}\n`
      expect(await startOn(version)).toEqual({ code: 2, stderr, imported: false })
    },
  )

  it('uses nothing that an old parser stops at', () => {
    const code = readFileSync(BIN, 'utf8').replace(/^ *\/\/.*$/gm, '')
    expect(code).not.toMatch(/\?\.|\?\?|\bawait\b|^import |#[a-z]+\(/m)
  })
})
