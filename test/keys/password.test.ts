import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { passwordSource } from '../../src/keys/password.ts'

const folder = mkdtempSync(join(tmpdir(), 'prov-password-'))
const noTerminal = () => undefined
const question = 'Password: '

function file(content: string): string {
  const path = join(folder, 'password')
  writeFileSync(path, content)
  return path
}

async function answer(options: Partial<Parameters<typeof passwordSource>[0]>): Promise<string> {
  return Buffer.from(await passwordSource({ env: {}, question, terminal: noTerminal, ...options })()).toString()
}

it('takes the file, then PROV_PASSWORD, then COSIGN_PASSWORD; empty ones count', async () => {
  const env = { PROV_PASSWORD: 'prov', COSIGN_PASSWORD: 'cosign' }
  expect(await answer({ file: file('whole content\n'), env })).toBe('whole content\n')
  expect(await answer({ file: file('one newline less\n\n'), env, confirm: true })).toBe('one newline less\n')
  expect(await answer({ file: file(''), env })).toBe('')
  expect(await answer({ env })).toBe('prov')
  expect(await answer({ env: { ...env, PROV_PASSWORD: '' } })).toBe('')
  expect(await answer({ env: { COSIGN_PASSWORD: 'cosign' } })).toBe('cosign')
  expect(await answer({ env: { COSIGN_PASSWORD: '' } })).toBe('')
})

it.each([
  [{}, 'key_password'],
  [{ file: join(folder, 'absent') }, 'input_unreadable'],
  [{ file: folder }, 'input_unreadable'],
  [{ file: '/dev/zero' }, 'input_too_large'],
])('has no password to give: %o', async (options, code) => {
  await expect(answer(options)).rejects.toMatchObject({ code })
})

/** Runs a program on a terminal of its own (util-linux script), types, and gives all that was shown. */
function onTerminal(program: string, keys: readonly string[]): Promise<{ shown: string; status: number | null }> {
  const source = join(folder, `${Math.abs(keys.join().length)}.ts`)
  writeFileSync(source, program)
  const command = `stty -a > before; "${process.execPath}" ${source} < /dev/null; s=$?; stty -a > after; cmp before after && exit $s`
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, stdio: 'pipe' })
  let shown = ''
  const left = [...keys]
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    if (/(Password|Again): $/.test(shown)) child.stdin.write(left.shift() ?? '')
  })
  return new Promise((done) => child.on('close', (status) => done({ shown, status })))
}

describe.skipIf(process.platform !== 'linux')('on a terminal', () => {
  const module = JSON.stringify(resolve('src/keys/password.ts'))
  const program = (confirm: boolean): string => `
    import { passwordSource } from ${module}
    const ask = passwordSource({ env: {}, question: 'Password: ', confirm: ${confirm} })
    try {
      const password = await ask()
      await ask()
      console.log('LENGTH', password.length, password === 'geheim' ? 'RIGHT' : 'WRONG')
    } catch (error) { console.log('CODE', error.code) }`

  it('asks once, edits, shows nothing and leaves the terminal as it was', async () => {
    const { shown, status } = await onTerminal(program(false), ['falsch\u0015gehein\u007fm\r'])
    expect(shown).toContain('LENGTH 6 RIGHT')
    expect(shown).not.toMatch(/geh|falsch/)
    expect(shown.match(/Password:/g)).toHaveLength(1)
    expect(status).toBe(0)
  })

  it('ends with 130 on Ctrl-C, the terminal restored', async () => {
    const { shown, status } = await onTerminal(program(false), ['secret\u0003'])
    expect(status).toBe(130)
    expect(shown).not.toContain('secret')
  })

  it('gives up on Ctrl-D', async () => {
    expect((await onTerminal(program(false), ['\u0004'])).shown).toContain('CODE key_password')
  })

  it('asks twice for a new key and compares', async () => {
    expect((await onTerminal(program(true), ['geheim\r', 'geheim\r'])).shown).toContain('RIGHT')
    expect((await onTerminal(program(true), ['geheim\r', 'geheimer\r'])).shown).toContain('CODE key_password')
  })
})
