/** Completion in the real shells: a line is typed, the Tab key pressed, and what the shell then runs is looked at. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BACKENDS, lastingBackends } from '../../backends/index.ts'
import { FORMATS } from '../../src/formats/index.ts'
import { SCHEMAS } from '../../src/report/schemas/index.ts'
import { describeWith } from '../servers/endpoints.ts'
import { cleanEnv, prov, run } from '../support/cli.ts'
import { scratch } from '../support/scratch.ts'

/** What is typed before the Tab, and the words that the shell has then. `FILE` is a file in the current folder. */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['prov st', ['store']],
  ['prov keys gen', ['keys', 'generate']],
  ['prov verify --str', ['verify', '--strict']],
  ['prov keys generate --out', ['keys', 'generate', '--output']],
  ['prov store --storage tek', ['store', '--storage', 'tekton']],
  ['prov verify --storage tekton,o', ['verify', '--storage', 'tekton,oci']],
  ['prov verify -s tekton,oci,doc', ['verify', '-s', 'tekton,oci,docdb']],
  ['prov verify --storage=tekton,o', ['verify', '--storage=tekton,oci']],
  ['prov store --optional arch', ['store', '--optional', 'archivista']],
  ['prov store --format slsa/v1', ['store', '--format', 'slsa/v1']],
  ['prov store --format oci=cos', ['store', '--format', 'oci=cosign-sign']],
  ['prov store --format=oci=sim', ['store', '--format=oci=simplesigning']],
  ['prov store --format tekton=slsa/v1,oc', ['store', '--format', 'tekton=slsa/v1,oci=']],
  ['prov store --format tekton=slsa/v1,oci=st', ['store', '--format', 'tekton=slsa/v1,oci=statement']],
  ['prov payload --format simp', ['payload', '--format', 'simplesigning']],
  ['prov get env', ['get', 'envelope']],
  ['prov list --kind ra', ['list', '--kind', 'raw']],
  ['prov schema keys-g', ['schema', 'keys-generate']],
  ['prov completion fi', ['completion', 'fish']],
  ['prov verify --key cosign-of', ['verify', '--key', 'cosign-of-the-test.pub']],
  ['prov verify cosign-of', ['verify', 'cosign-of-the-test.pub']],
]

/** A shell at a terminal of its own, in which `prov` prints the words that it was given. */
interface Terminal {
  type(line: string): Promise<readonly string[]>
  close(): void
}

async function open(shell: 'bash' | 'zsh'): Promise<Terminal> {
  const folder = scratch()
  writeFileSync(join(folder, 'cosign-of-the-test.pub'), '')
  writeFileSync(join(folder, `completion.${shell}`), (await prov(['completion', shell])).stdout)
  const words = `prov() { printf '<%s>' "$@"; echo; }\nsource ./completion.${shell}\nPS1='ready> '\n`
  const quiet = "bind 'set bell-style none' 'set enable-bracketed-paste off'\n"
  const compinit = 'autoload -Uz compinit; compinit -u -D; setopt no_beep; unsetopt auto_menu zle_bracketed_paste\n'
  writeFileSync(join(folder, shell === 'bash' ? 'bashrc' : '.zshrc'), (shell === 'bash' ? quiet : compinit) + words)
  const command = shell === 'bash' ? 'bash --noprofile --rcfile bashrc -i' : 'zsh -d -i'
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: folder,
    env: cleanEnv({ TERM: 'dumb', ZDOTDIR: folder, COLUMNS: '200' }),
  })
  let seen = ''
  let look = (): void => undefined
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    look()
  })
  const shows = async (pattern: RegExp): Promise<string> => {
    const began = performance.now()
    for (;;) {
      const found = pattern.exec(seen)
      if (found !== null) {
        seen = seen.slice(found.index + found[0].length)
        return found[0]
      }
      if (performance.now() - began > 20_000) throw new Error(`${shell} did not show ${pattern}: ${seen.slice(-500)}`)
      await new Promise<void>((again) => {
        const timer = setTimeout(again, 500)
        look = () => {
          clearTimeout(timer)
          again()
        }
      })
    }
  }
  await shows(/ready> /)
  return {
    async type(line) {
      child.stdin.write(`${line}\t\n`)
      const printed = await shows(/^<.*>\r?$/m)
      await shows(/ready> /)
      return [...printed.matchAll(/<([^>]*)>/g)].map((match) => match[1] ?? '')
    },
    close: () => child.stdin.end('exit\n'),
  }
}

for (const shell of ['bash', 'zsh'] as const) {
  describeWith(shell === 'bash' ? ['script'] : ['script', 'zsh'], `completion in ${shell}`, () => {
    let terminal: Terminal
    beforeAll(async () => {
      terminal = await open(shell)
    })
    afterAll(() => terminal.close())

    test.each(LINES)('%s', async (line, words) => {
      expect(await terminal.type(line)).toEqual(words)
    })

    test('a backend is not offered twice', async () => {
      expect(await terminal.type('prov verify --storage oci,o')).toEqual(['verify', '--storage', 'oci,o'])
    })
  })
}

describeWith(['fish'], 'completion in fish', () => {
  const offers = async (line: string): Promise<readonly string[]> => {
    const folder = scratch()
    writeFileSync(join(folder, 'cosign-of-the-test.pub'), '')
    writeFileSync(join(folder, 'prov.fish'), (await prov(['completion', 'fish'])).stdout)
    const asked = `source prov.fish; complete -C ${JSON.stringify(line)}`
    const { stdout, stderr } = await run('fish', ['--no-config', '-c', asked], { cwd: folder })
    expect(stderr).toBe('')
    return stdout.split('\n').flatMap((each) => each.split('\t')[0] || [])
  }

  test.each(LINES)('%s', async (line, words) => {
    const wanted = words.at(-1) ?? ''
    const found = await offers(line)
    expect(found).toContain(wanted)
    // fish takes what all offers begin with
    expect(found.every((each) => each.startsWith(wanted))).toBe(true)
  })

  test('a backend is not offered twice', async () => {
    expect(await offers('prov verify --storage oci,o')).not.toContain('oci,oci')
  })
})

describe('the scripts', () => {
  test('offer backends only where a flag takes one: the places of keys publish are none', async () => {
    const { stdout } = await prov(['completion', 'fish'])
    const publish = stdout.split('\n').filter((line) => line.includes('__fish_seen_subcommand_from publish'))
    expect(publish.find((line) => / -l to /.test(line))).not.toContain('tekton')
    expect(stdout).toMatch(/__fish_seen_subcommand_from migrate' -l to [^\n]*tekton/)
  })

  test.each(['bash', 'zsh', 'fish'])('%s: every lasting backend, format and schema is in it', async (shell) => {
    const { stdout } = await prov(['completion', shell])
    for (const name of [...lastingBackends(), ...FORMATS.map((format) => format.name), ...Object.keys(SCHEMAS)]) {
      expect(stdout).toContain(name)
    }
    expect(Object.keys(BACKENDS)).toContain('memory')
    // As a cache it is another thing.
    expect(stdout).not.toMatch(/\bmemory\b(?!, redis)/)
  })

  test('bash 3.2 knows all that the script uses', async () => {
    const { stdout } = await prov(['completion', 'bash'])
    expect(stdout).not.toMatch(/\[-1\]|mapfile|readarray|declare -A|\$\{[a-z]+,,\}/)
  })
})
